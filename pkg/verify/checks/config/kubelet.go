package config

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// flagFields are the fields of a kubelet's configuration that a flag sets by another
// name (kubernetes v1.37.2, cmd/kubelet/app/options).
var flagFields = map[string]string{
	"v": "logging.verbosity", "anonymous-auth": "authentication.anonymous.enabled", "client-ca-file": "authentication.x509.clientCAFile",
	"authentication-token-webhook": "authentication.webhook.enabled", "image-gc-high-threshold": "imageGCHighThresholdPercent",
	"image-gc-low-threshold": "imageGCLowThresholdPercent", "pod-manifest-path": "staticPodPath", "kube-api-qps": "kubeAPIQPS",
}

// kubeletMissed says how a kubelet does not run with a setting, or "", and whether
// that can be seen at all: some flags are in no configuration.
func kubeletMissed(r verify.Requested, running Settings, node corev1.Node) (problem string, readable bool) {
	flag, is := strings.CutPrefix(r.Setting, "--")
	if !is {
		path := strings.Join(pathNames(r.Setting), ".")
		return missed(r, running.under(path)), true
	}
	text, _ := r.Value.(string)
	if flag == "node-labels" {
		return labelsMissed(r, text, node), true
	}
	path := running.pathOf(flag)
	switch {
	case path == "" || r.Value == nil:
		return "", false
	case sameText(running.under(path), text):
		return "", true
	}
	return fmt.Sprintf("%s is %s (%s), not %s%s", r.Setting, Shown(running.under(path)), path, text, asked(r)), true
}

// withoutOverridden leaves out fields that a flag of the same kubelet sets too: the
// flag wins.
func withoutOverridden(requested []verify.Requested, running Settings) (rest []verify.Requested) {
	flagged := map[string]bool{}
	for _, r := range requested {
		if flag, is := strings.CutPrefix(r.Setting, "--"); is {
			flagged[running.pathOf(flag)] = true
		}
	}
	for _, r := range requested {
		if strings.HasPrefix(r.Setting, "--") || !flagged[strings.Join(pathNames(r.Setting), ".")] {
			rest = append(rest, r)
		}
	}
	return rest
}

func labelsMissed(r verify.Requested, text string, node corev1.Node) string {
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(pair, "=")
		if have, has := node.Labels[key]; key != "" && (!has || have != value) {
			return fmt.Sprintf("the node lacks the label %s%s", pair, asked(r))
		}
	}
	return ""
}

// under is the value at a path, put together again where it is an object.
func (s Settings) under(path string) any {
	if value, is := s[path]; is {
		return value
	}
	inner := map[string]any{}
	for below, value := range s {
		if name, is := strings.CutPrefix(below, path+"."); is {
			inner[name] = value
		}
	}
	if len(inner) == 0 {
		return nil
	}
	return inner
}

// pathOf is the field that a flag sets; "" is none.
func (s Settings) pathOf(flag string) string {
	if path := flagFields[flag]; path != "" {
		return path
	}
	plain := func(name string) string { return strings.ToLower(strings.NewReplacer("-", "", ".", "").Replace(name)) }
	for path := range s {
		for prefix := path; prefix != ""; prefix = prefix[:max(strings.LastIndex(prefix, "."), 0)] {
			if plain(prefix) == plain(flag) {
				return prefix
			}
		}
	}
	return ""
}

// sameText compares a value with that of a flag: pairs with a comma between are an
// object or a list.
func sameText(have any, text string) bool {
	switch have := have.(type) {
	case map[string]any:
		pairs := strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
		for _, pair := range pairs {
			at := strings.IndexAny(pair, "=<:")
			if at < 0 || !sameText(have[pair[:at]], pair[at+1:]) {
				return false
			}
		}
		return len(pairs) > 0
	case []any:
		for i, item := range strings.Split(text, ",") {
			if i >= len(have) || fmt.Sprint(have[i]) != item {
				return false
			}
		}
		return true
	}
	return SameSetting(fmt.Sprint(have), text)
}
