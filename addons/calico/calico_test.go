package calico

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// manifest has the shape of upstream's where Render looks.
const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: calico-config, namespace: kube-system}
data: {cni_network_config: '{"plugins": [{"type": "calico", "mtu": __CNI_MTU__, "ipam": {"type": "calico-ipam"}}]}'}
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
        readinessProbe: {exec: {command: [/bin/calico-node, -felix-ready]}, periodSeconds: 10}
        livenessProbe: {exec: {command: [/bin/calico-node, -felix-live]}, periodSeconds: 10, failureThreshold: 6}
        env:
        - {name: FELIX_NFTABLESMODE, value: Auto}
        - {name: CALICO_IPV4POOL_VXLAN, value: CrossSubnet}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: calico-kube-controllers, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: calico-kube-controllers}}
  template:
    metadata: {labels: {k8s-app: calico-kube-controllers}}
    spec:
      containers:
      - name: calico-kube-controllers
        image: kube-controllers
        readinessProbe: {exec: {command: [check-status, -r]}, periodSeconds: 10}
`

func TestRender(t *testing.T) {
	six := []string{"CALICO_IPV6POOL_CIDR=fd00::/56", "CALICO_IPV6POOL_NAT_OUTGOING=true", "FELIX_IPV6SUPPORT=true", "IP6=autodetect"}
	tests := []struct {
		name    string
		options plugin.Options
		want    []string
	}{
		{"iptables", plugin.Options{PodSubnet: "10.9.0.0/16", ProxyMode: "iptables"},
			[]string{"FELIX_NFTABLESMODE=Disabled", "CALICO_IPV4POOL_VXLAN=CrossSubnet", "CALICO_IPV4POOL_CIDR=10.9.0.0/16"}},
		{"ipvs", plugin.Options{PodSubnet: "10.9.0.0/16", ProxyMode: "ipvs"},
			[]string{"FELIX_NFTABLESMODE=Disabled", "CALICO_IPV4POOL_VXLAN=CrossSubnet", "CALICO_IPV4POOL_CIDR=10.9.0.0/16"}},
		{"nftables", plugin.Options{PodSubnet: "10.9.0.0/16", ProxyMode: "nftables"},
			[]string{"FELIX_NFTABLESMODE=Enabled", "CALICO_IPV4POOL_VXLAN=CrossSubnet", "CALICO_IPV4POOL_CIDR=10.9.0.0/16"}},
		{"no VXLAN", plugin.Options{PodSubnet: "10.9.0.0/16", ProxyMode: "iptables", LacksVXLAN: true},
			[]string{"FELIX_NFTABLESMODE=Disabled", "CALICO_IPV4POOL_VXLAN=Never", "CALICO_IPV4POOL_CIDR=10.9.0.0/16", "FELIX_PROGRAMCLUSTERROUTES=Enabled"}},
		{"both families", plugin.Options{PodSubnet: "10.9.0.0/16,fd00::/56", ProxyMode: "iptables"},
			slices.Concat([]string{"FELIX_NFTABLESMODE=Disabled", "CALICO_IPV4POOL_VXLAN=CrossSubnet", "CALICO_IPV4POOL_CIDR=10.9.0.0/16"}, six)},
		{"IPv6", plugin.Options{PodSubnet: "fd00::/56", ProxyMode: "iptables"},
			slices.Concat([]string{"FELIX_NFTABLESMODE=Disabled", "CALICO_IPV4POOL_VXLAN=CrossSubnet", "CALICO_IPV4POOL_CIDR=none"}, six, []string{"IP=none", "FELIX_PROGRAMCLUSTERROUTES=Enabled"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			objects, err := kube.Decode([]byte(manifest))
			if err != nil {
				t.Fatal(err)
			}
			if err := Render(objects, tt.options); err != nil {
				t.Fatal(err)
			}
			pod := objects[1].Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
			var env []string
			for _, each := range pod["containers"].([]any)[0].(map[string]any)["env"].([]any) {
				setting := each.(map[string]any)
				env = append(env, setting["name"].(string)+"="+setting["value"].(string))
			}
			if diff := cmp.Diff(tt.want, env); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			if inits := pod["initContainers"].([]any); len(inits) != 1 || inits[0].(map[string]any)["name"] != installer {
				t.Errorf("init containers are %v, want %s alone", inits, installer)
			}
			if alive := probeOf(t, objects[1], "livenessProbe"); alive["exec"] != nil || alive["httpGet"].(map[string]any)["path"] != "/liveness" || alive["failureThreshold"] != int64(6) {
				t.Errorf("the agent is asked in another way whether it lives: %v", alive)
			}
			for _, object := range objects[1:] {
				probe := probeOf(t, object, "startupProbe")
				if probe == nil {
					probe = probeOf(t, object, "readinessProbe")
				}
				if probe["periodSeconds"].(int64) > 2 {
					t.Errorf("%s is asked seldom: %v", object.GetName(), probe)
				}
			}
		})
	}
	if err := Render(nil, plugin.Options{}); err == nil {
		t.Error("a manifest without the agent was accepted")
	}
}

// TestRenderProduction leaves init containers and probes alone.
func TestRenderProduction(t *testing.T) {
	objects, err := kube.Decode([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	if err := Render(objects, plugin.Options{Production: true}); err != nil {
		t.Fatal(err)
	}
	for _, object := range objects[1:] {
		if probe := probeOf(t, object, "readinessProbe"); probe["periodSeconds"] != int64(10) || probeOf(t, object, "startupProbe") != nil {
			t.Errorf("%s is not asked as published: %v", object.GetName(), probe)
		}
	}
	if alive := probeOf(t, objects[1], "livenessProbe"); alive["exec"] == nil {
		t.Errorf("the agent is not asked as published whether it lives: %v", alive)
	}
	if inits, _, err := unstructured.NestedSlice(objects[1].Object, "spec", "template", "spec", "initContainers"); err != nil || len(inits) != 3 {
		t.Errorf("%d init containers are left of 3 (%v)", len(inits), err)
	}
}

// readiness is the readiness probe of a workload's first container.
func probeOf(t *testing.T, workload *unstructured.Unstructured, kind string) map[string]any {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(workload.Object, "spec", "template", "spec", "containers")
	if err != nil {
		t.Fatal(err)
	}
	probe, _, _ := unstructured.NestedMap(containers[0].(map[string]any), kind)
	return probe
}

// TestManifest renders what upstream published.
func TestManifest(t *testing.T) {
	addon := New(plugin.Options{PodSubnet: "10.9.0.0/16", ProxyMode: "nftables"})
	objects, err := addon.manifest(chartstest.Files(t, charts.Calico))
	if err != nil {
		t.Fatal(err)
	}
	images := map[string]bool{}
	for _, object := range objects {
		pod, found, _ := unstructured.NestedMap(object.Object, "spec", "template", "spec")
		if !found {
			continue
		}
		for _, field := range []string{"initContainers", "containers"} {
			containers, _, _ := unstructured.NestedSlice(pod, field)
			for _, container := range containers {
				image, pull := container.(map[string]any)["image"].(string), container.(map[string]any)["imagePullPolicy"]
				if images[image] = true; pull != "IfNotPresent" {
					t.Errorf("%s has pull policy %v: nodes without a registry could not run it", image, pull)
				}
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(images)), slices.Sorted(slices.Values(addon.Images())); !slices.Equal(got, want) {
		t.Errorf("the manifest runs %v, Images has %v", got, want)
	}
}

func TestEvaluateRoute(t *testing.T) {
	tests := []struct {
		name string
		way  route
		want string
	}{
		{"tunnel", route{Gateway: "10.9.1.0", Device: "vxlan.calico"}, ""},
		{"straight", route{Gateway: "172.18.0.3", Device: "eth0"}, ""},
		{"default gateway", route{Gateway: "172.18.0.1", Device: "eth0"}, "neither"},
		{"unreachable", route{Type: "unreachable", Device: "lo"}, "it is unreachable"},
		{"nothing", route{}, "there is none"},
	}
	for _, tt := range tests {
		way, err := checkRoute(tt.way, []string{"172.18.0.3", "fc00::3"})
		want(t, tt.name, err, tt.want)
		if (err == nil) != (way != "") {
			t.Errorf("%s: way %q, error %v", tt.name, way, err)
		}
	}
}

// TestKernelRoutes: what ip prints for some destinations, and how it ends when
// there is no way to one.
func TestKernelRoutes(t *testing.T) {
	four, six := probe.Probe{IP: "10.9.1.1"}, probe.Probe{IP: "fd00::1"}
	const toFour, toSix = `[{"dst":"10.9.1.1","gateway":"172.18.0.3","dev":"eth0","flags":[]}]` + "\n", `[{"dst":"fd00::1","from":"::","dev":"vxlan-v6.calico"}]` + "\n"
	none := &kube.ExecError{Command: []string{"ip"}, ExitCode: 1, Stderr: "RTNETLINK answers: Network is unreachable"}
	tests := []struct {
		name, out string
		err       error
		known     map[string]route
		want      string
	}{
		{"both", toFour + toSix, nil, map[string]route{
			four.IP: {Destination: netip.MustParseAddr(four.IP), Gateway: "172.18.0.3", Device: "eth0"},
			six.IP:  {Destination: netip.MustParseAddr(six.IP), Device: "vxlan-v6.calico"}}, ""},
		{"one of them", toSix, none, map[string]route{six.IP: {Destination: netip.MustParseAddr(six.IP), Device: "vxlan-v6.calico"}}, ""},
		{"none", "", none, nil, "Network is unreachable"},
		{"no answer", "", errors.New("502"), nil, "502"},
		{"not JSON", "RTNETLINK answers", nil, nil, "ip route get"},
	}
	for _, tt := range tests {
		asked := ""
		pods := nodes{input: func(text string) (string, error) { asked = text; return tt.out, tt.err }}
		known, err := kernelRoutes(t.Context(), pods, kube.PodRef{Name: "agent-w1"}, []probe.Probe{four, six})
		want(t, tt.name, err, tt.want)
		if diff := cmp.Diff(tt.known, known, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" || asked != "route get 10.9.1.1\nroute get fd00::1\n" {
			t.Errorf("%s: asked %q (-want +got):\n%s", tt.name, asked, diff)
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
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: ip}}}}
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
		_, err := checkAddresses(tt.pods, pools, allocated)
		if (err != nil) != (tt.want != "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}
