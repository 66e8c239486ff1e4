package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
	"github.com/kindctl/kindctl/pkg/verify/checks/dns"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// kubeadmGave is the kind of ConfigMap that kubeadm writes.
const kubeadmGave = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
containerRuntimeEndpoint: ""
evictionHard:
  imagefs.available: 0%
httpCheckFrequency: 0s
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
memorySwap: {}
syncFrequency: 1m
`

func configMapOf(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: verify.SystemNamespace, Name: config.KubeletConfigMap}, Data: data}
}

func dnsServiceAt(address string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: verify.SystemNamespace, Name: dns.ServiceName},
		Spec:       corev1.ServiceSpec{ClusterIP: address},
	}
}

// configzOf is what a kubelet answers that was given kubeadmGave; more, if not
// empty, comes first.
func configzOf(more, anonymous, driver, dns, sync string) string {
	return fmt.Sprintf(`{"kubeletconfig":{%s"kind":"KubeletConfiguration","authentication":{"anonymous":{"enabled":%s},"x509":{"clientCAFile":"/etc/kubernetes/pki/ca.crt"}},
		"cgroupDriver":%q,"clusterDNS":[%q],"containerRuntimeEndpoint":"unix:///run/containerd/containerd.sock","evictionHard":{"imagefs.available":"0%%"},
		"httpCheckFrequency":"20s","logging":{"flushFrequency":"5s","options":{"json":{"infoBufferSize":"0"}}},"syncFrequency":%q,"maxPods":110}}`, more, anonymous, driver, dns, sync)
}

func TestKubeletsConfigured(t *testing.T) {
	const address = "10.96.0.10"
	as := func(node, body string) map[string]string {
		good := configzOf(`"providerID":"kind://`+node+`",`, "false", "systemd", address, "1m0s")
		answers := map[string]string{"cp1/configz": good, "w1/configz": configzOf("", "false", "systemd", address, "60s"), "w2/configz": good}
		if node != "" {
			answers[node+"/configz"] = body
		}
		return answers
	}
	discovered := targettest.ThreeNodes
	discovered.Discovered = true
	gave, service := configMapOf(map[string]string{config.KubeletConfigKey: kubeadmGave}), dnsServiceAt(address)
	tests := map[string]struct {
		expect  verify.Expectation
		objects []runtime.Object
		answers map[string]string
		want    string
	}{
		"as configured": {targettest.ThreeNodes, []runtime.Object{gave, service}, as("", ""), ""},
		"another value": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			as("w2", configzOf("", "false", "cgroupfs", address, "1m")),
			`w2: cgroupDriver is "cgroupfs", in kubelet-config it is "systemd"`,
		},
		"another duration": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			as("w2", configzOf("", "false", "systemd", address, "2m")),
			`w2: syncFrequency is "2m", in kubelet-config it is "1m"`,
		},
		"a false that is on": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			as("w2", configzOf("", "true", "systemd", address, "1m")),
			`w2: authentication.anonymous.enabled is true, in kubelet-config it is false`,
		},
		"not in the map": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			as("w2", strings.Replace(configzOf("", "false", "systemd", address, "1m"), "110", "99", 1)),
			"w2: maxPods is 99, on most nodes 110",
		},
		"another DNS": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, dnsServiceAt("10.96.0.99")},
			as("", ""),
			`w1: clusterDNS is ["10.96.0.10"], the address of Service kube-dns is 10.96.0.99`,
		},
		"a cache for DNS": {discovered, []runtime.Object{gave}, as("", ""), ""},
		"deaf": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			map[string]string{"cp1/configz": "{}"},
			"w1: 502 Bad Gateway",
		},
		"nothing answered": {
			targettest.ThreeNodes,
			[]runtime.Object{gave, service},
			as("w2", "{}"),
			"w2: /configz answers 200 without a configuration",
		},
		"no map": {targettest.ThreeNodes, []runtime.Object{service}, as("", ""), "read ConfigMap kube-system/kubelet-config: "},
		"another installer": {
			discovered,
			[]runtime.Object{service},
			as("", ""),
			"there is no ConfigMap kube-system/kubelet-config, which kubeadm makes",
		},
		"an empty map": {targettest.ThreeNodes, []runtime.Object{configMapOf(nil), service}, as("", ""), `has no key "kubelet"`},
		"not YAML": {
			targettest.ThreeNodes,
			[]runtime.Object{configMapOf(map[string]string{config.KubeletConfigKey: "\t"}), service},
			as("", ""),
			"kubelet-config: kubelet: ",
		},
		"it says nothing": {
			targettest.ThreeNodes,
			[]runtime.Object{configMapOf(map[string]string{config.KubeletConfigKey: "maxPods: 0"}), service},
			as("", ""),
			"kubelet-config sets nothing that could be compared",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kubeletsConfigured(
				t.Context(),
				targettest.New(test.expect, verifytest.Pods{Answers: test.answers}, append(verifytest.SmallCluster(nil), test.objects...)...),
			)
			verifytest.WantErr(t, err, test.want)
			if verify.IsInapplicable(err) != (name == "another installer") {
				t.Errorf("inapplicable: %v", err)
			}
		})
	}
}

func TestEvaluateAlike(t *testing.T) {
	common := config.Settings{"maxPods": float64(110), "syncFrequency": "1m"}
	with := func(path string, value any) config.Settings {
		s := maps.Clone(common)
		s[path] = value
		return s
	}
	tests := map[string]struct {
		nodes []config.Settings
		want  string
	}{
		"alike":            {[]config.Settings{common, common, common}, ""},
		"one alone":        {[]config.Settings{common}, ""},
		"same duration":    {[]config.Settings{common, with("syncFrequency", "60s")}, ""},
		"one differs":      {[]config.Settings{with("maxPods", float64(99)), common, common}, "0: maxPods is 99, on most nodes 110"},
		"one has more":     {[]config.Settings{common, common, with("featureGates.X", true)}, "2: featureGates.X is true, on most nodes not set"},
		"one lacks one":    {[]config.Settings{common, {"maxPods": float64(110)}, common}, `1: syncFrequency is not set, on most nodes "1m"`},
		"their own names":  {[]config.Settings{with("providerID", "a"), with("providerID", "b")}, ""},
		"their own taints": {[]config.Settings{with("registerWithTaints", []any{"x"}), common}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var nodes []config.NodeSettings
			for i, s := range test.nodes {
				nodes = append(nodes, config.NodeSettings{Node: fmt.Sprint(i), Settings: s})
			}
			evidence, err := evaluateAlike(nodes, func(string, string) bool { return false })
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

// forbiddenPods refuses what the API server is asked to fetch from kubelets.
type forbiddenPods struct{ verifytest.Pods }

func (forbiddenPods) GetKubelet(context.Context, string, string) ([]byte, error) {
	return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "w1", errors.New("no"))
}

func TestConfigzWithFewRights(t *testing.T) {
	tests := map[string]struct {
		answer, want string
		blind        bool // no pod leads to the node
	}{
		"the kubelet allows it": {"{}", "", false},
		"nor does the kubelet":  {"403 Forbidden (user=eve, verb=get, resource=nodes, subresource(s)=[configz proxy])", `nodes "w1" is forbidden: no; the kubelet itself wants nodes/configz: 403`, false},
		"the kubelet is sick":   {"503 sick", "kubelet: /configz answers 503: 503 sick", false},
		"no way":                {"{}", `nodes "w1" is forbidden: no`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			get := func(pod string, port int, path string) (int, []byte, error) {
				if pod != "kube-proxy-w1" || port != 10250 || path != "/configz" {
					t.Errorf("asked %s:%d%s", pod, port, path)
				}
				status := 200
				_, _ = fmt.Sscanf(test.answer, "%d", &status)
				return status, []byte(test.answer), nil
			}
			target := targettest.New(
				targettest.ThreeNodes,
				verifytest.Pods{},
				verifytest.SmallCluster(func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w1"].Spec.HostNetwork = !test.blind })...)
			target.Pods = forbiddenPods{verifytest.Pods{OnGet: get}}
			_, err := config.Configz(t.Context(), target, "w1")
			verifytest.WantErr(t, err, test.want)
			if apierrors.IsForbidden(err) != (name == "nor does the kubelet" || name == "no way") {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// TestAskedOfOneKubelet has the configuration ask one kubelet for something.
func TestAskedOfOneKubelet(t *testing.T) {
	for setting, path := range map[string]string{
		"--max-pods": "maxPods", "maxPods": "maxPods", "--authorization-mode": "authorization.mode", "authorization.mode": "authorization.mode",
		"--anonymous-auth": "authentication.anonymous.enabled", "--eviction-hard": "evictionHard.memory.available", "--image-gc-high-threshold": "imageGCHighThresholdPercent",
		"--cpu-cfs-quota": "cpuCFSQuota", "--kube-api-qps": "kubeAPIQPS", "--feature-gates": "featureGates.X",
	} {
		expect := verify.Expectation{Requested: []verify.Requested{{Node: "w2", Component: "kubelet", Setting: setting, Value: "x"}}}
		if _, is := askedOf(expect, "w2").of(path); !is {
			t.Errorf("%s does not set %s", setting, path)
		}
		if _, is := askedOf(expect, "w1").of(path); is {
			t.Errorf("%s is asked of another node", setting)
		}
	}
	nodes := []config.NodeSettings{
		{Node: "w1", Settings: config.Settings{"maxPods": 110.0}},
		{Node: "w2", Settings: config.Settings{"maxPods": 25.0}},
		{Node: "w3", Settings: config.Settings{"maxPods": 110.0}},
	}
	_, err := evaluateAlike(nodes, func(string, string) bool { return false })
	if !verify.IsDifference(err) {
		t.Errorf("a kubelet that was changed by hand: %v", err)
	}
	for _, asked := range [][]string{{"w2"}, {"w2", "w4"}, {"w1", "w2", "w3"}} {
		all := append(slices.Clone(nodes), config.NodeSettings{Node: "w4", Settings: config.Settings{"maxPods": 110.0}})
		if slices.Contains(asked, "w4") { // most nodes are asked for it
			all = []config.NodeSettings{nodes[0], nodes[1], {Node: "w4", Settings: config.Settings{"maxPods": 25.0}}}
		}
		if _, err := evaluateAlike(all, func(node, path string) bool { return slices.Contains(asked, node) && path == "maxPods" }); err != nil {
			t.Errorf("asked of %v: %v", asked, err)
		}
	}
}
