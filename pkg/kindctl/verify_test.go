package kindctl

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestSkipsOnOneNode holds, for a cluster that kindctl made of one node, exactly
// what cannot apply there, and why: all else has to be proven there too.
func TestSkipsOnOneNode(t *testing.T) {
	alone := map[string]string{
		"node.taint": "kind removes the taint of a cluster's only node",
		"net.mtu":    "there is only one node",
	}
	const noCNI = "the cluster was made without a CNI"
	tests := map[string]struct {
		cni, mode string
		more      map[string]string
	}{
		"calico": {"calico", "iptables", map[string]string{"cal.routes": "there is only one node"}},
		"cilium": {"cilium", "iptables", map[string]string{
			"cil.kpr": "kube-proxy does the work (mode iptables)", "cil.lb": "kube-proxy does the work (mode iptables)",
		}},
		"cilium alone": {"cilium", "none", map[string]string{
			"proxy.mode": "the cluster has no kube-proxy", "proxy.health": "the cluster has no kube-proxy", "proxy.rules": "the cluster has no kube-proxy",
		}},
		"none": {addons.None, "iptables", map[string]string{
			"proxy.rules": noCNI, "net.pods": noCNI, "net.host": noCNI,
			"svc.clusterip": noCNI, "svc.spread": noCNI, "svc.hairpin": noCNI, "svc.remove": noCNI,
			"dns.records": noCNI, "dns.external": noCNI, "dns.search": noCNI, "dns.latency": noCNI,
			"netpol.deny": noCNI, "netpol.allow": noCNI,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := verify.NewTarget(nil, verify.Expectation{ControlPlanes: 1, EtcdMembers: 1, ProxyMode: test.mode, CNI: test.cni})
			got := map[string]string{}
			for _, check := range Checks(test.cni) {
				if check.Skip == nil {
					continue
				}
				if reason := check.Skip(target); reason != "" {
					got[check.ID] = reason
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
