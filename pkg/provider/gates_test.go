package provider

import "testing"

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
			if got := gateComplaint(tt.output); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
