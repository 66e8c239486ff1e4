package bootstrap

import "testing"

func TestWithAdvice(t *testing.T) {
	for rejection, want := range map[string]string{
		"unknown flag: --service-account-api-audiences":                   "unknown flag: --service-account-api-audiences; write it as api-audiences",
		"failed to parse kubelet flag: unknown flag: --container-runtime": "failed to parse kubelet flag: unknown flag: --container-runtime; leave it out: it is containerd",
		"unknown flag: --nonsense":                                        "unknown flag: --nonsense",
		"unrecognized feature gate: Nonsense":                             "unrecognized feature gate: Nonsense",
		"unknown labels specified with --node-labels: [node-role.kubernetes.io/infra] --node-labels in the 'kubernetes.io' namespace must begin": "unknown labels specified with --node-labels: [node-role.kubernetes.io/infra]; write them as labels of the node, which kindctl sets once it has joined",
	} {
		if got := withAdvice(rejection); got != want {
			t.Errorf("for %q: %q, want %q", rejection, got, want)
		}
	}
}
