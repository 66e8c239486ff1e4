package bootstrap

import "strings"

// removedFlags are flags that Kubernetes had, which many configurations still set, with what
// to write today.
var removedFlags = map[string]string{
	"admission-control":                       "write it as enable-admission-plugins",
	"service-account-api-audiences":           "write it as api-audiences",
	"experimental-encryption-provider-config": "write it as encryption-provider-config",
	"insecure-port":                           "leave it out: there is no such port any more",
	"insecure-bind-address":                   "leave it out: there is no such port any more",
	"basic-auth-file":                         "leave it out: there are certificates, tokens and OIDC",
	"audit-dynamic-configuration":             "leave it out: write a policy, and its path as audit-policy-file",
	"pod-eviction-timeout":                    "leave it out: write default-not-ready-toleration-seconds and default-unreachable-toleration-seconds of apiServer",
	"policy-config-file":                      "write a KubeSchedulerConfiguration, and its path as config",
	"algorithm-provider":                      "write a KubeSchedulerConfiguration, and its path as config",
	"container-runtime":                       "leave it out: it is containerd",
	"network-plugin":                          "leave it out: it is CNI",
	"pod-infra-container-image":               "leave it out: write sandbox_image in a patch of containerd's configuration",
	"cloud-config":                            "leave it out: the cloud's own controller manager reads it",
}

// withAdvice is a rejection with what to write instead, where that is known.
func withAdvice(rejection string) string {
	if short, _, labels := strings.Cut(rejection, " --node-labels in the "); labels { // it goes on with all that are allowed
		return short + "; write them as labels of the node, which kindctl sets once it has joined"
	}
	_, flag, unknown := strings.Cut(rejection, "unknown flag: --")
	if advice := removedFlags[flag]; unknown && advice != "" {
		return rejection + "; " + advice
	}
	return rejection
}
