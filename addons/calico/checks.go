package calico

import (
	"slices"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
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
			ID: "cal.agents", Nodes: verify.AllNodes, AfterWorkloads: true, Group: group, Title: "Calico's agent is live and ready on every node, and so are its controllers",
			Proves: "Asks Felix on each node for its own health, and reads the status of the controllers' Deployment. The kubelet asks Felix too, but takes a minute to report a failure.",
			Rights: []string{"list nodes", "list pods@kube-system", "get deployments.apps@kube-system", "create,get pods/portforward@kube-system"},
			Needs:  []string{"kubelet.alive"}, NeededBy: []string{"net.pods", "cal.routes"},
			Timeout: 20 * time.Second, Run: agents, Skip: verify.AgentsElsewhere,
			Hint: "look at the agent named: kubectl -n kube-system describe pod POD; kubectl -n kube-system logs POD -c calico-node; restart it: kubectl -n kube-system delete pod POD",
		},
		{
			ID: "cal.backend", Nodes: verify.AllNodes, Group: group, Title: "Calico writes its rules to the same kernel tables as kube-proxy",
			Proves:  "On each node, Felix's chains must be in the tables of kube-proxy's mode. Policies in other tables would apply before or after the rules of Services, in an undefined order.",
			Rights:  verify.RightsOfAgents,
			Needs:   []string{"cal.agents", "kubelet.work"},
			Timeout: 20 * time.Second, Run: backend, Skip: verify.AgentsElsewhere,
			Hint: "look at the agents' setting: kubectl -n kube-system get daemonset calico-node -o yaml | grep -A1 FELIX_NFTABLESMODE; kubectl get felixconfigurations.crd.projectcalico.org default -o yaml",
		},
		{
			ID: "cal.routes", Nodes: verify.AllNodes, Group: group, Title: "Every node has routes to the pods of every other node",
			Proves: "Asks the kernel of each node for its route to a pod on every other node. The route must use the tunnel device or the other node itself, never a default gateway.",
			Rights: slices.Concat(probe.RightsOfFleet, verify.RightsOfAgents), Slow: true,
			Needs: []string{"kubelet.work"}, NeededBy: []string{"net.pods"},
			Timeout: 25 * time.Second, Run: routes,
			Skip: func(t *verify.Target) string {
				if t.Expect.Nodes() < 2 {
					return "there is only one node"
				}
				return verify.AgentsElsewhere(t)
			},
			Hint: "look at the routes of the node named: docker exec NODE ip route; kubectl get ippools.crd.projectcalico.org -o yaml",
		},
		{
			ID: "cal.ipam", AfterWorkloads: true, Group: group, Title: "Pod addresses are unique, in a pool, and allocated in a block",
			Proves:  "Compares the addresses of all running pods with each other, with the IP pools, and with Calico's allocations. An address that is in use but not allocated will be given to a second pod.",
			Rights:  []string{"list pods", "list ippools.crd.projectcalico.org", "list ipamblocks.crd.projectcalico.org"},
			Timeout: 20 * time.Second, Run: addresses,
			Hint: "look at the pools and blocks: kubectl get ippools.crd.projectcalico.org,ipamblocks.crd.projectcalico.org -o yaml",
		},
		{
			ID: "cal.bgp", Nodes: verify.AllNodes, Group: group, Title: "Every node has BGP sessions with all of its peers",
			Proves: "Asks BIRD on each node for its sessions through a CalicoNodeStatus. Sessions with all other nodes must be established. That BIRD reports ready proves little.",
			Rights: slices.Concat([]string{"create,list,watch,delete caliconodestatuses.crd.projectcalico.org", "get configmaps@kube-system"}, verify.RightsOfAgents, probe.RightsOfNamespace),
			Needs:  []string{"cal.agents"}, Slow: true,
			Timeout: 30 * time.Second, Run: sessions, Skip: verify.AgentsElsewhere,
			Hint: "look at the sessions of the node named: kubectl -n kube-system exec POD -c calico-node -- birdcl show protocols; TCP 179 must pass between nodes",
		},
	}
}
