package provider

import (
	"reflect"
	"strings"
	"testing"
)

func TestComplaintsOf(t *testing.T) {
	for _, c := range []struct {
		name, component, output string
		want                    []string
	}{
		{"kubeadm is content", "kubeadm", "ok\n", nil},
		{"a field that kubeadm does not know", "kubeadm", "error: strict decoding error: unknown field \"networking.foo\"\nTo see the stack trace of this error execute with --v=5 or higher\n", []string{`strict decoding error: unknown field "networking.foo"`}},
		{"kubeadm warns", "kubeadm", "W1129 02:31:23.911758      25 common.go:257] Ignored a document\nok\n", nil},
		{"a kubelet without a cluster", "kubelet", "E1129 02:08:40.342336   28068 run.go:72] \"command failed\" err=\"failed to run Kubelet: invalid kubeconfig: stat /nonexistent: no such file or directory\"\n", nil},
		{"a kubelet's flag", "kubelet", "E1129 02:08:40.541849   28101 run.go:72] \"command failed\" err=\"failed to parse kubelet flag: unknown flag: --nonsense\"\n", []string{"failed to parse kubelet flag: unknown flag: --nonsense"}},
		{"a kubelet's labels, in several lines", "kubelet", "E1129 14:10:07.654450       8 run.go:72] \"command failed\" err=<\n\tfailed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/infra]\n\t--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix\n >\n", []string{"failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/infra] --node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix"}},
		{"a kubelet's gate", "kubelet", "panic: failed to merge: unrecognized feature gate: Nonsense\n\ngoroutine 1 [running]:\n", []string{"failed to merge: unrecognized feature gate: Nonsense"}},
		{"several settings of the API server", "kube-apiserver", "E1129 02:08:42.502000   28148 run.go:72] \"command failed\" err=\"[enable-admission-plugins plugin \\\"PodSecurityPolicy\\\" is unknown, unknown api groups nosuch/v1, loading audit policy file: failed to read file path]\"\n", []string{`enable-admission-plugins plugin "PodSecurityPolicy" is unknown`, "unknown api groups nosuch/v1"}},
		{"a flag that is gone", "kube-apiserver", "Error: unknown flag: --service-account-api-audiences\n", []string{"unknown flag: --service-account-api-audiences"}},
		{"an API that is not there", "kube-apiserver", "E1129 13:57:49.332636      56 run.go:72] \"command failed\" err=\"group version scheduling.k8s.io/v1alpha2 that has not been registered\"\n", []string{"group version scheduling.k8s.io/v1alpha2 that has not been registered"}},
		{"an issuer that is none", "kube-apiserver", "E1129 13:57:50.195592      96 run.go:72] \"command failed\" err=\"invalid authentication configuration: jwt[0].issuer.url: Invalid value: \\\"a\\\": URL scheme must be https\"\n", []string{`invalid authentication configuration: jwt[0].issuer.url: Invalid value: "a": URL scheme must be https`}},
		{"an API server that gets as far as it does", "kube-apiserver", "E1129 13:57:47.939548      18 run.go:72] \"command failed\" err=\"loading audit policy file: failed to read file path \\\"/nonexistent\\\": open /nonexistent: no such file or directory\"\n", nil},
		{"a flag of the API server", "kube-apiserver", "Error: unknown flag: --insecure-port\n", []string{"unknown flag: --insecure-port"}},
	} {
		var got []string
		for _, problem := range configErrorsIn(c.component, c.output) {
			got = append(got, problem.Text)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestScriptsAskWhatIsSet(t *testing.T) {
	config := ComponentConfig{Kubeadm: []byte("a"), Kubelet: []byte("b"), Flags: map[string][]string{"kubelet": {"--v=it's"}, "kube-scheduler": {"--v=4"}}}
	script := config.script([]byte("key"))
	for part, there := range map[string]bool{"kubeadm config validate": true, `'--v=it'\''s'`: true, "kube-scheduler": true, "kube-apiserver": false} {
		if strings.Contains(script, part) != there {
			t.Errorf("that %s is asked is %v:\n%s", part, !there, script)
		}
	}
}

// TestGateComplaint reads what kubelet v1.37.2 printed.
func TestGateComplaint(t *testing.T) {
	const deprecated = "Flag --feature-gates has been deprecated, This parameter should be set via the config file specified by the Kubelet's --config flag.\n"
	tests := []struct{ name, output, want string }{
		{"an unknown one", deprecated + "E1123 12:12:45.274526    1207 run.go:72] \"command failed\" err=\"failed to set feature gates from initial flags-based config: unrecognized feature gate: Foo\"\n", "unrecognized feature gate: Foo"},
		{"a known one", deprecated + "E1123 12:12:45.379618    1221 run.go:72] \"command failed\" err=\"failed to load kubelet config file, path: /nonexistent, error: failed to load Kubelet config file /nonexistent, error failed to read kubelet config file \\\"/nonexistent\\\", error: open /nonexistent: no such file or directory\"\n", ""},
		{"no kubelet at all", "/bin/sh: 1: kubelet: not found\n", ""},
		{"a kubelet that says nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := gateError(tt.output); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
