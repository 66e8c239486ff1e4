package bootstrap

import "testing"

func TestAdvise(t *testing.T) {
	for complaint, want := range map[string]string{
		"unknown flag: --service-account-api-audiences":                   "; write it as api-audiences",
		"failed to parse kubelet flag: unknown flag: --container-runtime": "; leave it out: it is containerd",
		"unknown flag: --nonsense":                                        "",
		"unrecognized feature gate: Nonsense":                             "",
	} {
		if got := advise(complaint); got != want {
			t.Errorf("for %q: %q, want %q", complaint, got, want)
		}
	}
}
