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

// CNI is what tells that a cluster has Calico.
var CNI = verify.CNI{Name: "calico", Agents: agent}

// Checks prove that Calico works.
func (a *Addon) Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "cal.agents", Nodes: verify.AllNodes, AfterWorkloads: true, Group: group, Title: "Calico's agent is live and ready on every node, and so are its controllers",
			Proves: "Felix on each node is asked for its own view, and the controllers' Deployment is looked at. The kubelet asks Felix too, but takes a minute to believe it.",
			Rights: []string{"list nodes", "list pods@kube-system", "get deployments.apps@kube-system", "create,get pods/portforward@kube-system"},
			Needs:  []string{"kubelet.alive"}, NeededBy: []string{"net.pods", "cal.routes"},
			Timeout: 20 * time.Second, Run: agents, Skip: verify.AgentsElsewhere,
			Hint: "look at the agent named: kubectl -n kube-system describe pod POD; kubectl -n kube-system logs POD -c calico-node; restart it: kubectl -n kube-system delete pod POD",
		},
		{
			ID: "cal.backend", Nodes: verify.AllNodes, Group: group, Title: "Calico writes its rules to the same kernel tables as kube-proxy",
			Proves:  "Felix's chains are looked for, on each node, in the tables of the mode in which kube-proxy runs. Policies in other tables would apply before or after the Services' rules in an undefined order.",
			Rights:  verify.RightsOfAgents,
			Needs:   []string{"cal.agents", "kubelet.work"},
			Timeout: 20 * time.Second, Run: backend, Skip: verify.AgentsElsewhere,
			Hint: "look at the agents' setting: kubectl -n kube-system get daemonset calico-node -o yaml | grep -A1 FELIX_NFTABLESMODE; kubectl get felixconfigurations.crd.projectcalico.org default -o yaml",
		},
		{
			ID: "cal.routes", Nodes: verify.AllNodes, Group: group, Title: "Every node has routes to the pods of every other node",
			Proves: "The kernel of each node is asked for its route to a pod on every other node: it must be the tunnel's device or the peer itself, never a default gateway.",
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
			Proves:  "The addresses of all running pods are compared with each other, with the pools, and with Calico's own records. An address that is in use but not recorded will be given to a second pod.",
			Rights:  []string{"list pods", "list ippools.crd.projectcalico.org", "list ipamblocks.crd.projectcalico.org"},
			Timeout: 20 * time.Second, Run: addresses,
			Hint: "look at the pools and blocks: kubectl get ippools.crd.projectcalico.org,ipamblocks.crd.projectcalico.org -o yaml",
		},
		{
			ID: "cal.bgp", Nodes: verify.AllNodes, Group: group, Title: "Every node has BGP sessions with all of its peers",
			Proves: "BIRD on each node is asked, through a CalicoNodeStatus, for its sessions: as many as there are other nodes must be established. A BIRD that reports ready proves little.",
			Rights: slices.Concat([]string{"create,list,watch,delete caliconodestatuses.crd.projectcalico.org", "get configmaps@kube-system"}, verify.RightsOfAgents, probe.RightsOfNamespace),
			Needs:  []string{"cal.agents"}, Slow: true,
			Timeout: 30 * time.Second, Run: sessions, Skip: verify.AgentsElsewhere,
			Hint: "look at the sessions of the node named: kubectl -n kube-system exec POD -c calico-node -- birdcl show protocols; TCP 179 must pass between nodes",
		},
	}
}
