package verify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestDiscover(t *testing.T) {
	agentIn := func(namespace, name string) *appsv1.DaemonSet {
		return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	agent := func(name string) *appsv1.DaemonSet { return agentIn(SystemNamespace, name) }
	recorded := Expectation{ControlPlanes: 3, Workers: 4, EtcdMembers: 3, ProxyMode: "none", CNI: "cilium", ProbeImage: "probe"}
	bare := Expectation{ControlPlanes: 1, Workers: 1, EtcdMembers: 1, ProxyMode: "ipvs", CNI: "none", ProbeImage: "probe"}
	later := bare
	later.CNI, later.CNINamespace = "calico", SystemNamespace
	proxy := verifytest.ProxyConfig("kind: KubeProxyConfiguration\nmode: nftables\n")
	found := func(cni, namespace, proxyMode string) Expectation {
		return Expectation{
			ControlPlanes: 1,
			Workers:       2,
			ProxyMode:     proxyMode,
			CNI:           cni,
			CNINamespace:  namespace,
			ProbeImage:    DefaultProbeImage,
			Discovered:    true,
		}
	}
	tests := map[string]struct {
		recorded *Expectation
		objects  []runtime.Object
		want     Expectation
	}{
		"recorded":           {&recorded, []runtime.Object{agent("calico-node")}, recorded},
		"made without a CNI": {&bare, []runtime.Object{agent("kube-proxy")}, bare},
		"which came later":   {&bare, []runtime.Object{agent("kube-proxy"), agent("calico-node")}, later},
		"calico":             {nil, append(verifytest.SmallCluster(nil), agent("calico-node"), agent("kube-proxy"), proxy), found("calico", SystemNamespace, "nftables")},
		"etcd": {nil, append(verifytest.SmallCluster(nil), verifytest.ComponentPod("etcd", "cp1")), func() Expectation {
			one := found("none", "", "none")
			one.EtcdMembers = 1
			return one
		}()},
		"cilium alone":             {nil, append(verifytest.SmallCluster(nil), agent("cilium")), found("cilium", SystemNamespace, "none")},
		"calico of its operator":   {nil, append(verifytest.SmallCluster(nil), agentIn("calico-system", "calico-node")), found("calico", "calico-system", "none")},
		"another of the same name": {nil, append(verifytest.SmallCluster(nil), agentIn("a", "cilium"), agent("cilium"), agentIn("z", "cilium")), found("cilium", SystemNamespace, "none")},
		"flannel":                  {nil, append(verifytest.SmallCluster(nil), agentIn("kube-flannel", "kube-flannel-ds"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"kindnet":                  {nil, append(verifytest.SmallCluster(nil), agent("kindnet"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"a cloud's":                {nil, append(verifytest.SmallCluster(nil), agent("aws-node"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"none at all":              {nil, verifytest.SmallCluster(nil), found("none", "", "none")},
	}
	silent := []runtime.Object{&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, agent("kube-proxy"), verifytest.ProxyConfig("")}
	if _, err := Discover(t.Context(), fakeTarget(Expectation{}, verifytest.Pods{}, silent...).Kube, nil); err == nil ||
		!strings.Contains(err.Error(), "the mode of kube-proxy is unknown") {
		t.Errorf("of a kube-proxy that cannot be asked: %v", err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Discover(
				t.Context(),
				fakeTarget(Expectation{}, verifytest.Pods{}, test.objects...).Kube,
				test.recorded,
				CNI{Name: "cilium", Agents: "cilium"},
				CNI{Name: "calico", Agents: "calico-node"},
			)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}
