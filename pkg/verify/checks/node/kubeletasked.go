package node

import (
	"fmt"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
)

// kubeletFields are the fields of a KubeletConfiguration that the kubelet's own
// flags set under another name (Kubernetes v1.37, cmd/kubelet/app/options). All
// other flags have the name of their field with dashes: --max-pods is maxPods and
// --authorization-mode is authorization.mode.
var kubeletFields = map[string]string{
	"anonymous-auth": "authentication.anonymous.enabled", "client-ca-file": "authentication.x509.clientCAFile",
	"authentication-token-webhook": "authentication.webhook.enabled", "authentication-token-webhook-cache-ttl": "authentication.webhook.cacheTTL",
	"event-qps": "eventRecordQPS", "registry-qps": "registryPullQPS",
	"image-gc-high-threshold": "imageGCHighThresholdPercent", "image-gc-low-threshold": "imageGCLowThresholdPercent",
	"minimum-image-ttl-duration": "imageMinimumGCAge", "maximum-image-ttl-duration": "imageMaximumGCAge",
	"pod-manifest-path": "staticPodPath", "manifest-url": "staticPodURL", "manifest-url-header": "staticPodURLHeader",
	"reserved-cpus": "reservedSystemCPUs", "rotate-server-certificates": "serverTLSBootstrap",
	"log-flush-frequency": "logging.flushFrequency", "v": "logging.verbosity", "vmodule": "logging.vmodule",
}

// asked maps the settings that the configuration asks for on one kubelet to what
// asks for them.
type asked map[string]verify.Requested

// askedOf returns what the configuration asks of a node's kubelet.
func askedOf(e verify.Expectation, node string) asked {
	requests := asked{}
	for _, request := range e.RequestedOf("kubelet", node) {
		requests[settingKey(request.Setting)] = request
	}
	return requests
}

// settingKey is the same for a flag of the kubelet and for the field that it sets.
func settingKey(setting string) string {
	if flag, is := strings.CutPrefix(setting, "--"); is {
		if field, known := kubeletFields[flag]; known {
			setting = field
		}
	}
	return strings.ToLower(strings.NewReplacer("-", "", ".", "").Replace(setting))
}

// of returns what asks for the setting at a path, or for a part of the
// configuration that holds it: --eviction-hard sets all of evictionHard.
func (a asked) of(path string) (verify.Requested, bool) {
	for end := len(path); end > 0; end = strings.LastIndex(path[:end], ".") {
		if request, is := a[settingKey(path[:end])]; is {
			return request, true
		}
	}
	return verify.Requested{}, false
}

// describe names a setting, its value and what asks for it.
func describe(r verify.Requested, path string, have any) string {
	from := r.Source
	if from == "" {
		from = "the configuration"
	}
	return fmt.Sprintf("%s is %s, as asked for by %s", path, config.Shown(have), from)
}
