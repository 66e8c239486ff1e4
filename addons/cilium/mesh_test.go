package cilium

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func TestHealthAddresses(t *testing.T) {
	node := func(name, own, health string) unstructured.Unstructured {
		return unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": name},
			"spec": map[string]any{
				"addresses": []any{map[string]any{"type": "CiliumInternalIP", "ip": "10.244.0.1"}, map[string]any{"type": "InternalIP", "ip": own}},
				"health":    map[string]any{"ipv4": health},
			},
		}}
	}
	bare := unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "b"}, "spec": map[string]any{}}}
	tests := map[string]struct {
		nodes []unstructured.Unstructured
		want  []healthAddress
		bad   string
	}{
		"two nodes": {[]unstructured.Unstructured{node("a", "172.18.0.2", "10.244.0.9"), node("b", "172.18.0.3", "10.244.1.9")}, []healthAddress{
			{"node a", "172.18.0.2"}, {"health endpoint of a", "10.244.0.9"}, {"node b", "172.18.0.3"}, {"health endpoint of b", "10.244.1.9"}}, ""},
		"one is missing":      {[]unstructured.Unstructured{node("a", "172.18.0.2", "10.244.0.9")}, nil, "there are 1 CiliumNodes, expected 2"},
		"no address":          {[]unstructured.Unstructured{node("a", "172.18.0.2", "10.244.0.9"), bare}, nil, "CiliumNode b lacks an address"},
		"no health endpoint ": {[]unstructured.Unstructured{node("a", "172.18.0.2", ""), bare}, nil, "CiliumNode a lacks an address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := healthAddresses(test.nodes, 2)
			wantErr(t, err, test.bad)
			if err == nil && !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestEvaluateBalance(t *testing.T) {
	const maps = `{
		"10.96.7.7:80/TCP (0)": ["0.0.0.0:0 (9) (0) [ClusterIP, non-routable] "],
		"10.96.7.7:80/TCP (1)": ["10.244.1.5:8080/TCP (9) (1)"],
		"10.96.7.7:80/TCP (2)": ["10.244.2.6:8080/TCP (9) (2)"],
		"10.96.7.7:8080/TCP (1)": ["10.244.9.9:8080/TCP (3) (1)"]}`
	const shown = `10.96.7.7:80 leads to 10.244.1.5:8080, 10.244.2.6:8080
10.96.7.7:80/TCP (0): 0.0.0.0:0 (9) (0) [ClusterIP, non-routable]
10.96.7.7:80/TCP (1): 10.244.1.5:8080/TCP (9) (1)
10.96.7.7:80/TCP (2): 10.244.2.6:8080/TCP (9) (2)`
	both := []string{"10.244.1.5:8080", "10.244.2.6:8080"}
	tests := map[string]struct {
		out, frontend string
		backends      []string
		want          string
	}{
		"as it should be":        {maps, "10.96.7.7:80", both, ""},
		"no such frontend":       {maps, "10.96.7.8:80", both, "the maps have no frontend 10.96.7.8:80"},
		"a backend is missing":   {maps, "10.96.7.7:80", append(both, "10.244.3.3:8080"), "not to [10.244.1.5:8080 10.244.2.6:8080 10.244.3.3:8080]"},
		"a backend is no pod":    {maps, "10.96.7.7:80", both[:1], "lead 10.96.7.7:80 to [10.244.1.5:8080 10.244.2.6:8080]"},
		"a slot leads nowhere":   {strings.Replace(maps, "10.244.2.6:8080/TCP (9) (2)", "backend 4 not found", 1), "10.96.7.7:80", both, `"backend 4 not found"`},
		"the maps are not there": {"{}", "10.96.7.7:80", both, "no frontend"},
		"not JSON":               {"Unable to dump", "10.96.7.7:80", both, "its maps cannot be read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			seen, err := checkBalance(probe.ServiceBackends{Address: netip.MustParseAddrPort(test.frontend), Endpoints: test.backends})(test.out)
			wantErr(t, err, test.want)
			if err == nil && seen != shown {
				t.Errorf("saw\n%s\nnot\n%s", seen, shown)
			}
		})
	}
}

func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q", err, want)
	}
}
