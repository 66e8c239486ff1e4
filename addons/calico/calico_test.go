package calico

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// manifest has the shape of upstream's where Render looks.
const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: calico-config, namespace: kube-system}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: calico-node}}
  template:
    metadata: {labels: {k8s-app: calico-node}}
    spec:
      initContainers:
      - {name: upgrade-ipam, image: cni}
      - {name: install-cni, image: cni}
      - {name: ebpf-bootstrap, image: node}
      containers:
      - name: calico-node
        image: node
        env:
        - {name: FELIX_NFTABLESMODE, value: Auto}
        - {name: FELIX_HEALTHENABLED, value: "true"}
`

func TestRender(t *testing.T) {
	for mode, tables := range map[string]string{"iptables": "Disabled", "nftables": "Enabled"} {
		objects, err := kube.Decode([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		if err := Render(objects, Options{PodSubnet: "10.9.0.0/16", ProxyMode: mode}); err != nil {
			t.Fatal(err)
		}
		pod := objects[1].Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
		want := []any{
			map[string]any{"name": "FELIX_NFTABLESMODE", "value": tables},
			map[string]any{"name": "FELIX_HEALTHENABLED", "value": "true"},
			map[string]any{"name": "CALICO_IPV4POOL_CIDR", "value": "10.9.0.0/16"},
		}
		if diff := cmp.Diff(want, pod["containers"].([]any)[0].(map[string]any)["env"]); diff != "" {
			t.Errorf("%s: settings (-want +got):\n%s", mode, diff)
		}
		if inits := pod["initContainers"].([]any); len(inits) != 1 || inits[0].(map[string]any)["name"] != "install-cni" {
			t.Errorf("%s: init containers are %v, want install-cni alone", mode, inits)
		}
	}
	if err := Render(nil, Options{}); err == nil {
		t.Error("a manifest without the agent was accepted")
	}
}

func TestJudgeRoute(t *testing.T) {
	tests := []struct{ name, out, want string }{
		{"tunnel", `[{"dst":"10.9.1.1","gateway":"10.9.1.0","dev":"vxlan.calico"}]`, ""},
		{"straight", `[{"dst":"10.9.1.1","gateway":"172.18.0.3","dev":"eth0"}]`, ""},
		{"default gateway", `[{"dst":"10.9.1.1","gateway":"172.18.0.1","dev":"eth0"}]`, "neither"},
		{"unreachable", `[{"type":"unreachable","dst":"10.9.1.1","dev":"lo"}]`, "the route is unreachable"},
		{"nothing", `[]`, "no route"},
		{"not JSON", `RTNETLINK answers`, "no route"},
	}
	for _, tt := range tests {
		problem, way := judgeRoute(tt.out, "172.18.0.3")
		if (problem == "") != (tt.want == "") || !strings.Contains(problem, tt.want) || (problem == "") == (way == "") {
			t.Errorf("%s: problem %q, way %q; want %q", tt.name, problem, way, tt.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	allocated := map[netip.Addr]bool{}
	block := map[string]any{"spec": map[string]any{"cidr": "10.9.0.64/30", "allocations": []any{nil, int64(0), nil, int64(1)}}}
	if err := addAllocations(allocated, block); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[netip.Addr]bool{netip.MustParseAddr("10.9.0.65"): true, netip.MustParseAddr("10.9.0.67"): true}, allocated, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Fatalf("allocations (-want +got):\n%s", diff)
	}
	pod := func(name, ip string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{PodIP: ip}}
	}
	pools := []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}
	tests := []struct {
		name string
		pods []corev1.Pod
		want string
	}{
		{"well", []corev1.Pod{pod("x", "10.9.0.65"), pod("y", "10.9.0.67")}, ""},
		{"twice", []corev1.Pod{pod("x", "10.9.0.65"), pod("y", "10.9.0.65")}, "both have"},
		{"not allocated", []corev1.Pod{pod("x", "10.9.0.66")}, "no block has allocated"},
		{"in no pool", []corev1.Pod{pod("x", "10.8.0.1")}, "in no pool"},
		{"nothing seen", nil, "no pod has an address"},
	}
	for _, tt := range tests {
		_, err := judgeAddresses(tt.pods, pools, allocated)
		if (err != nil) != (tt.want != "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}
