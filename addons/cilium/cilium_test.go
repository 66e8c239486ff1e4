package cilium

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/addons/plugin"
)

// chartDefaults is the part of the chart's values that is read.
var chartDefaults = map[string]any{"securityContext": map[string]any{"capabilities": map[string]any{
	"ciliumAgent":      []any{"NET_ADMIN", "SYS_RESOURCE", "SYSLOG"},
	"cleanCiliumState": []any{"SYS_RESOURCE", "SYS_ADMIN"},
	"mountCgroup":      []any{"SYS_ADMIN"},
}}}

func TestValues(t *testing.T) {
	plain := func() map[string]any {
		return map[string]any{
			"image": map[string]any{"useDigest": false}, "ipam": map[string]any{"mode": "kubernetes"},
			"operator": map[string]any{"replicas": 1, "image": map[string]any{"useDigest": false}},
			"daemon":   map[string]any{"configSources": "config-map:cilium-config"}, "sysctlfix": map[string]any{"enabled": false},
			"startupProbe": map[string]any{"periodSeconds": 1}, "readinessProbe": map[string]any{"periodSeconds": 1}, "cgroup": map[string]any{"autoMount": map[string]any{"enabled": false}},
			"routingMode": "native", "autoDirectNodeRoutes": true, "ipv4NativeRoutingCIDR": "10.9.0.0/16", "kubeProxyReplacement": "false",
			"envoy": map[string]any{"enabled": false}, "l7Proxy": false, "hubble": map[string]any{"enabled": false}, "cni": map[string]any{"chainingMode": "portmap"},
			"bpf":         map[string]any{"ctTcpMax": 131072, "ctAnyMax": 65536, "natMax": 131072, "neighMax": 131072},
			"extraConfig": map[string]any{"bpf-sock-rev-map-max": "65536"},
		}
	}
	with := func(change map[string]any) map[string]any {
		all := plain()
		for key, value := range change {
			if all[key] = value; value == nil {
				delete(all, key)
			}
		}
		return all
	}
	tests := []struct {
		name    string
		options plugin.Options
		want    map[string]any
	}{
		{"beside kube-proxy", plugin.Options{ProxyMode: "iptables", APIServerHost: "lab-control-plane", APIServerPort: 6443}, plain()},
		{"in kube-proxy's place", plugin.Options{ProxyMode: "none", APIServerHost: "lab-control-plane", APIServerPort: 6443},
			with(map[string]any{"kubeProxyReplacement": "true", "k8sServiceHost": "lab-control-plane", "k8sServicePort": 6443, "cgroup": nil, "cni": nil})},
		{"as in production", plugin.Options{ProxyMode: "iptables", Production: true},
			with(map[string]any{"operator": map[string]any{"image": map[string]any{"useDigest": false}}, "hubble": nil, "bpf": nil, "extraConfig": nil, "daemon": nil, "sysctlfix": nil, "startupProbe": nil, "readinessProbe": nil, "cgroup": nil, "routingMode": "tunnel", "tunnelProtocol": "vxlan", "autoDirectNodeRoutes": nil, "ipv4NativeRoutingCIDR": nil})},
		{"as in production on one node", plugin.Options{ProxyMode: "iptables", Production: true, SingleNode: true},
			with(map[string]any{"hubble": nil, "bpf": nil, "extraConfig": nil, "daemon": nil, "sysctlfix": nil, "startupProbe": nil, "readinessProbe": nil, "cgroup": nil, "routingMode": "tunnel", "tunnelProtocol": "vxlan", "autoDirectNodeRoutes": nil, "ipv4NativeRoutingCIDR": nil})},
		{"both families", plugin.Options{ProxyMode: "iptables", PodSubnet: "fd00::/56,10.9.0.0/16"},
			with(map[string]any{"ipv4": map[string]any{"enabled": true}, "ipv6": map[string]any{"enabled": true}, "ipv6NativeRoutingCIDR": "fd00::/56"})},
		{"IPv6", plugin.Options{ProxyMode: "iptables", PodSubnet: "fd00::/56"},
			with(map[string]any{"ipv4": map[string]any{"enabled": false}, "ipv6": map[string]any{"enabled": true}, "ipv4NativeRoutingCIDR": nil, "ipv6NativeRoutingCIDR": "fd00::/56"})},
		{"without a capability", plugin.Options{ProxyMode: "iptables", LacksSysResource: true},
			with(map[string]any{"securityContext": map[string]any{"capabilities": map[string]any{
				"ciliumAgent": []any{"NET_ADMIN", "SYSLOG"}, "cleanCiliumState": []any{"SYS_ADMIN"}}}})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.PodSubnet = cmp.Or(tt.options.PodSubnet, "10.9.0.0/16")
			got, err := Values(tt.options, chartDefaults)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Values(plugin.Options{LacksSysResource: true}, nil); err == nil {
		t.Error("a chart without the lists was accepted; the agent would ask for what it cannot have")
	}
}

func TestEvaluations(t *testing.T) {
	tests := []struct {
		name  string
		check func(string) (string, error)
		out   string
		want  string
	}{
		{"a well agent", checkStatus, `{"cilium":{"state":"Ok"},"controllers":[{"name":"x","status":{"consecutive-failure-count":1}}]}`, ""},
		{"a sick agent", checkStatus, `{"cilium":{"state":"Failure","msg":"no datapath"}}`, "no datapath"},
		{"a controller fails", checkStatus, `{"cilium":{"state":"Ok"},"controllers":[{"name":"sync","status":{"consecutive-failure-count":5,"last-failure-msg":"forbidden"}}]}`, "controller sync failed 5 times: forbidden"},
		{"no status", checkStatus, "panic", "cannot be read"},
		{"an empty status", checkStatus, "{}", `the agent is ""`},
		{"ready endpoints", checkEndpoints, `[{"id":1,"status":{"state":"ready"}},{"id":2,"status":{"state":"disconnecting"}}]`, ""},
		{"an endpoint that waits", checkEndpoints, `[{"id":1,"status":{"state":"ready"}},{"id":7,"status":{"state":"waiting-for-identity","networking":{"addressing":[{"ipv4":"10.0.0.5"}]}}}]`, `endpoint 7 [{10.0.0.5}] is "waiting-for-identity"`},
		{"no endpoint", checkEndpoints, `[]`, "it has no endpoint"},
		{"endpoints unread", checkEndpoints, `x`, "cannot be read"},
		{"in kube-proxy's place", checkReplacement, `{"kube-proxy-replacement":{"mode":"True"}}`, ""},
		{"beside kube-proxy", checkReplacement, `{"kube-proxy-replacement":{"mode":"False"}}`, `is "False"`},
		{"an unknown place", checkReplacement, `{}`, `is ""`},
		{"a place unread", checkReplacement, `no`, "cannot be read"},
		{"rules of Cilium's own", checkRules, "-A CILIUM_POST_nat\n", ""},
		{"rules of kube-proxy", checkRules, "-A KUBE-SERVICES -j KUBE-SVC-X\n", "KUBE-SVC"},
	}
	for _, tt := range tests {
		seen, err := tt.check(tt.out)
		if got := fmt.Sprint(err); (tt.want == "") != (err == nil) || err != nil && !strings.Contains(got, tt.want) ||
			(err == nil) != (seen != "") {
			t.Errorf("%s: seen %q, error %v; want %q", tt.name, seen, err, tt.want)
		}
	}
}

func TestEvaluateAddresses(t *testing.T) {
	pod := func(name, on, ip string) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       corev1.PodSpec{NodeName: on},
			Status:     corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: ip}}},
		}
	}
	host := pod("host", "a", "172.18.0.2")
	host.Spec.HostNetwork = true
	two := map[string][]string{"a": {"10.0.0.0/24"}, "b": {"10.0.1.0/24"}}
	several := map[string][]string{"a": {"10.0.0.0/24", "10.0.2.0/24"}, "b": {"fd00::/64", "10.0.1.0/24"}}
	tests := []struct {
		name   string
		ranges map[string][]string
		pods   []corev1.Pod
		want   string
	}{
		{"well", two, []corev1.Pod{pod("x", "a", "10.0.0.5"), pod("y", "b", "10.0.1.5"), host}, ""},
		{"twice", two, []corev1.Pod{pod("x", "a", "10.0.0.5"), pod("y", "a", "10.0.0.5")}, "both have 10.0.0.5"},
		{"another node's range", two, []corev1.Pod{pod("x", "a", "10.0.1.5")}, "outside of [10.0.0.0/24]"},
		{"several ranges", several, []corev1.Pod{pod("x", "a", "10.0.2.5"), pod("y", "b", "fd00::5")}, ""},
		{"in none of several", several, []corev1.Pod{pod("x", "a", "10.0.1.5")}, "outside of [10.0.0.0/24 10.0.2.0/24]"},
		{"no range at all", map[string][]string{"a": {"all"}}, nil, `node a has the range "all"`},
		{"ranges overlap", map[string][]string{"a": {"10.0.0.0/16"}, "b": {"10.0.1.0/24"}}, []corev1.Pod{pod("x", "a", "10.0.0.5")}, "overlapping"},
		{"no range", map[string][]string{"a": nil}, []corev1.Pod{pod("x", "a", "10.0.0.5")}, "has no pod range"},
		{"nothing seen", two, []corev1.Pod{host}, "no pod has an address"},
	}
	for _, tt := range tests {
		_, err := checkAddresses(tt.ranges, tt.pods)
		if (err != nil) != (tt.want != "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}
