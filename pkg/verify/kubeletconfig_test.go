package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: kubeletConfigMap}, Data: data}
}

func dnsServiceAt(address string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: dnsService}, Spec: corev1.ServiceSpec{ClusterIP: address}}
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
	discovered := threeNodes
	discovered.Discovered = true
	gave, service := configMapOf(map[string]string{kubeletConfigKey: kubeadmGave}), dnsServiceAt(address)
	tests := map[string]struct {
		expect  Expectation
		objects []runtime.Object
		answers map[string]string
		want    string
	}{
		"as configured":      {threeNodes, []runtime.Object{gave, service}, as("", ""), ""},
		"another value":      {threeNodes, []runtime.Object{gave, service}, as("w2", configzOf("", "false", "cgroupfs", address, "1m")), `w2: cgroupDriver is "cgroupfs", in kubelet-config it is "systemd"`},
		"another duration":   {threeNodes, []runtime.Object{gave, service}, as("w2", configzOf("", "false", "systemd", address, "2m")), `w2: syncFrequency is "2m", in kubelet-config it is "1m"`},
		"a false that is on": {threeNodes, []runtime.Object{gave, service}, as("w2", configzOf("", "true", "systemd", address, "1m")), `w2: authentication.anonymous.enabled is true, in kubelet-config it is false`},
		"not in the map":     {threeNodes, []runtime.Object{gave, service}, as("w2", strings.Replace(configzOf("", "false", "systemd", address, "1m"), "110", "99", 1)), "w2: maxPods is 99, on most nodes 110"},
		"another DNS":        {threeNodes, []runtime.Object{gave, dnsServiceAt("10.96.0.99")}, as("", ""), `w1: clusterDNS is ["10.96.0.10"], the address of Service kube-dns is 10.96.0.99`},
		"a cache for DNS":    {discovered, []runtime.Object{gave}, as("", ""), ""},
		"deaf":               {threeNodes, []runtime.Object{gave, service}, map[string]string{"cp1/configz": "{}"}, "w1: 502 Bad Gateway"},
		"nothing answered":   {threeNodes, []runtime.Object{gave, service}, as("w2", "{}"), "w2: /configz answers 200 without a configuration"},
		"no map":             {threeNodes, []runtime.Object{service}, as("", ""), "read ConfigMap kube-system/kubelet-config: "},
		"another installer":  {discovered, []runtime.Object{service}, as("", ""), "there is no ConfigMap kube-system/kubelet-config, which kubeadm makes"},
		"an empty map":       {threeNodes, []runtime.Object{configMapOf(nil), service}, as("", ""), `has no key "kubelet"`},
		"not YAML":           {threeNodes, []runtime.Object{configMapOf(map[string]string{kubeletConfigKey: "\t"}), service}, as("", ""), "kubelet-config: kubelet: "},
		"it says nothing":    {threeNodes, []runtime.Object{configMapOf(map[string]string{kubeletConfigKey: "maxPods: 0"}), service}, as("", ""), "kubelet-config sets nothing that could be compared"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kubeletsConfigured(t.Context(), fakeTarget(test.expect, fakePods{answers: test.answers}, append(smallCluster(nil), test.objects...)...))
			wantErr(t, err, test.want)
			if isInapplicable(err) != (name == "another installer") {
				t.Errorf("inapplicable: %v", err)
			}
		})
	}
}

func TestJudgeAlike(t *testing.T) {
	common := settings{"maxPods": float64(110), "syncFrequency": "1m"}
	with := func(path string, value any) settings {
		s := maps.Clone(common)
		s[path] = value
		return s
	}
	tests := map[string]struct {
		nodes []settings
		want  string
	}{
		"alike":            {[]settings{common, common, common}, ""},
		"one alone":        {[]settings{common}, ""},
		"same duration":    {[]settings{common, with("syncFrequency", "60s")}, ""},
		"one differs":      {[]settings{with("maxPods", float64(99)), common, common}, "0: maxPods is 99, on most nodes 110"},
		"one has more":     {[]settings{common, common, with("featureGates.X", true)}, "2: featureGates.X is true, on most nodes not set"},
		"one lacks one":    {[]settings{common, {"maxPods": float64(110)}, common}, `1: syncFrequency is not set, on most nodes "1m"`},
		"their own names":  {[]settings{with("providerID", "a"), with("providerID", "b")}, ""},
		"their own taints": {[]settings{with("registerWithTaints", []any{"x"}), common}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var nodes []nodeSettings
			for i, s := range test.nodes {
				nodes = append(nodes, nodeSettings{fmt.Sprint(i), s})
			}
			evidence, err := judgeAlike(nodes, func(string, string) bool { return false })
			wantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

// forbiddenPods refuses what the API server is asked to fetch from kubelets.
type forbiddenPods struct{ fakePods }

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
			target := fakeTarget(threeNodes, fakePods{}, smallCluster(func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w1"].Spec.HostNetwork = !test.blind })...)
			target.Pods = forbiddenPods{fakePods{get: get}}
			_, err := target.configz(t.Context(), "w1")
			wantErr(t, err, test.want)
			if refused(err) != (name == "nor does the kubelet" || name == "no way") {
				t.Errorf("refused: %v", err)
			}
		})
	}
}
