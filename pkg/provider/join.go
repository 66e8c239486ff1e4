package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/yaml"
)

// bootRetry is how often a container that was just started is asked whether its
// systemd has booted, until there is one that can be asked to wait.
const bootRetry = 200 * time.Millisecond

// Boot waits until the node's systemd has started everything.
func (h Holder) Boot(ctx context.Context) error {
	for {
		var out bytes.Buffer
		// A unit that failed, and so the word degraded, is for kubeadm to judge; the
		// word says more than the exit code.
		_ = h.node.CommandContext(ctx, "systemctl", "is-system-running", "--wait").SetStdout(&out).SetStderr(&out).Run()
		state := strings.TrimSpace(out.String())
		if state == "running" || state == "degraded" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not boot: %s: %w", h.Name, state, context.Cause(ctx))
		case <-time.After(bootRetry):
		}
	}
}

// Configure writes the node's configuration for kubeadm, after that of a node which has
// joined in the same way. Discovery and TLS bootstrap take the token.
func (h Holder) Configure(ctx context.Context, like Holder, token string) error {
	config, err := like.said(ctx, "cat", kubeadmConfig)
	if err != nil {
		return err
	}
	old, err := like.addresses()
	if err != nil {
		return err
	}
	own, err := h.addresses()
	if err != nil {
		return err
	}
	replaced := map[string]string{like.Name: h.Name}
	for i := range old {
		if old[i] != "" {
			replaced[old[i]] = own[i]
		}
	}
	joining, err := joinConfig(config, h.Role, token, replaced)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", kubeadmConfig, like.Name, err)
	}
	if err := nodeutils.WriteFile(h.node, kubeadmConfig, joining); err != nil {
		return fmt.Errorf("write %s in %s: %w", kubeadmConfig, h.Name, explain(err))
	}
	return nil
}

// addresses are those of IPv4 and IPv6; "" is none.
func (h Holder) addresses() ([2]string, error) {
	four, six, err := h.node.IP()
	return [2]string{four, six}, err
}

// separator stands between the documents of a YAML file.
var separator = regexp.MustCompile(`(?m)^---\s*$`)

// joinConfig is another node's configuration of kubeadm as that of a node which
// joins: with words replaced, and the token. The other documents stay: kind's
// entrypoint takes the API server's certificate from them when an address changes.
func joinConfig(text, role, token string, replaced map[string]string) (string, error) {
	var documents []string
	joins := false
	for _, document := range separator.Split(text, -1) {
		var config map[string]any
		if err := yaml.Unmarshal([]byte(document), &config); err != nil {
			return "", err
		}
		if len(config) == 0 {
			continue
		}
		config, _ = rewritten(config, replaced).(map[string]any)
		if config["kind"] == "JoinConfiguration" {
			discovery, _ := config["discovery"].(map[string]any)
			bootstrap, _ := discovery["bootstrapToken"].(map[string]any)
			if bootstrap == nil {
				return "", errors.New("there is no discovery.bootstrapToken")
			}
			bootstrap["token"], joins = token, true
			if role != constants.ControlPlaneNodeRoleValue {
				delete(config, "controlPlane")
			}
		}
		data, err := yaml.Marshal(config)
		if err != nil {
			return "", err
		}
		documents = append(documents, string(data))
	}
	if !joins {
		return "", errors.New("there is no JoinConfiguration")
	}
	return strings.Join(documents, "---\n"), nil
}

// word is a name or an address, and what separates them in a configuration.
var word = regexp.MustCompile(`[^\s,/=]+`)

// rewritten replaces whole words in every string of a document.
func rewritten(value any, replaced map[string]string) any {
	switch v := value.(type) {
	case map[string]any:
		for key, each := range v {
			v[key] = rewritten(each, replaced)
		}
	case []any:
		for i, each := range v {
			v[i] = rewritten(each, replaced)
		}
	case string:
		return word.ReplaceAllStringFunc(v, func(w string) string {
			if by, is := replaced[w]; is {
				return by
			}
			return w
		})
	}
	return value
}

// EndAPIServer ends the node's API server for good and waits until it is gone, so
// that those who are connected to it connect to another. One that has lost its etcd
// would let every request wait for a minute.
func (h Holder) EndAPIServer(ctx context.Context) error {
	_, err := h.said(ctx, "sh", "-c", endAPIServer)
	return err
}

// endAPIServer gives the server 10 s, of which it needs 2 when all is well, and takes
// no more than every image has, and no kubelet that works.
const endAPIServer = `rm -f /etc/kubernetes/manifests/kube-apiserver.yaml
servers() { grep -lsx kube-apiserver /proc/[0-9]*/comm; }
end() { for name in $(servers); do pid=${name#/proc/}; kill "$1" "${pid%/comm}"; done; }
end -TERM
for try in $(seq 100); do [ -n "$(servers)" ] || exit 0; sleep 0.1; done
end -KILL`
