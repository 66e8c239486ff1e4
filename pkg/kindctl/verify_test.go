package kindctl

import (
	"context"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestSkipsOnOneNode holds, for a cluster that kindctl made of one node, exactly
// what cannot apply there, and why: all else has to be proven there too.
func TestSkipsOnOneNode(t *testing.T) {
	alone := map[string]string{
		"cfg.applied": "the configuration asks for no settings of components",
		"node.taint":  "kind removes the taint of a cluster's only node",
		"net.mtu":     "there is only one node",
	}
	const (
		noCNI    = "no node has a pod network: no CNI is set up"
		keptAway = "without a CNI no node is ready, and Kubernetes keeps pods away from all of them"
	)
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue}
	bare := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Message: "cni plugin not initialized"}
	tests := map[string]struct {
		cni, mode string
		state     corev1.NodeCondition
		more      map[string]string
	}{
		"calico": {"calico", "iptables", ready, map[string]string{"cal.routes": "there is only one node"}},
		"cilium": {"cilium", "iptables", ready, map[string]string{
			"cil.kpr": "kube-proxy does the work (mode iptables)", "cil.lb": "kube-proxy does the work (mode iptables)",
		}},
		"cilium alone": {"cilium", "none", ready, map[string]string{
			"proxy.mode": "the cluster has no kube-proxy", "proxy.health": "the cluster has no kube-proxy", "proxy.rules": "the cluster has no kube-proxy",
		}},
		"another CNI": {addons.None, "iptables", ready, nil},
		"no CNI yet": {addons.None, "iptables", bare, map[string]string{
			"node.taint": keptAway, "sched.place": keptAway,
			"proxy.rules": noCNI, "net.pods": noCNI, "net.host": noCNI,
			"svc.clusterip": noCNI, "svc.spread": noCNI, "svc.hairpin": noCNI, "svc.nodeport": noCNI, "svc.remove": noCNI,
			"net.hostport": noCNI, "net.egress": noCNI, "store.claim": noCNI,
			"dns.records": noCNI, "dns.external": noCNI, "dns.search": noCNI, "dns.latency": noCNI,
			"netpol.deny": noCNI, "netpol.allow": noCNI,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "cp"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{test.state}}}
			client := fake.NewClientset(node)
			if test.mode != "none" {
				proxy := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "kube-proxy", Namespace: metav1.NamespaceSystem}}
				if err := client.Tracker().Add(proxy); err != nil {
					t.Fatal(err)
				}
			}
			target := verify.NewTarget(
				&kube.Client{Clientset: client}, verify.Expectation{ControlPlanes: 1, EtcdMembers: 1, ProxyMode: test.mode, CNI: test.cni},
			)
			checks := Checks(test.cni)
			for i := range checks {
				checks[i].Run = func(context.Context, *verify.Target) (verify.Evidence, error) { return nil, nil }
			}
			got := map[string]string{}
			for _, result := range verify.Run(t.Context(), target, checks, verify.RunOptions{}).Results {
				if result.Outcome != verify.Pass {
					got[result.ID] = result.Cause
				}
			}
			want := maps.Clone(alone)
			maps.Copy(want, test.more)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		})
	}
}
