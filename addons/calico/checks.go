package calico

import (
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

const (
	group     = "calico"
	namespace = "kube-system"
	selector  = "k8s-app=calico-node"
)

// Checks prove that Calico works.
func (a *Addon) Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "cal.agents", Group: group, Title: "Calico's agent is alive and ready on every node, and so are its controllers",
			Timeout: 30 * time.Second, Run: agents,
			Hint: "look at the agent named: kubectl -n kube-system describe pod POD; kubectl -n kube-system logs POD -c calico-node; start it anew: kubectl -n kube-system delete pod POD",
		},
		{
			ID: "cal.backend", Group: group, Title: "Calico writes its rules into the same kernel tables as kube-proxy",
			Timeout: 20 * time.Second, Run: backend,
			Hint: "look at the agents' setting: kubectl -n kube-system get daemonset calico-node -o yaml | grep -A1 FELIX_NFTABLESMODE; kubectl get felixconfigurations.crd.projectcalico.org default -o yaml",
		},
		{
			ID: "cal.routes", Group: group, Title: "Every node routes to the pods of every other node",
			Needs: []string{"net.pods"}, Timeout: 30 * time.Second, Run: routes,
			Skip: func(t *verify.Target) string {
				if t.Expect.Nodes() < 2 {
					return "there is only one node"
				}
				return ""
			},
			Hint: "look at the routes of the node named: docker exec NODE ip route; kubectl get ippools.crd.projectcalico.org -o yaml",
		},
		{
			ID: "cal.ipam", Group: group, Title: "Pod addresses are unique, in a pool, and allocated in a block",
			Timeout: 20 * time.Second, Run: addresses,
			Hint: "look at the pools and blocks: kubectl get ippools.crd.projectcalico.org,ipamblocks.crd.projectcalico.org -o yaml",
		},
	}
}
