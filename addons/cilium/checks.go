package cilium

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const (
	group     = "cilium"
	selector  = "k8s-app=cilium"
	container = "cilium-agent"
)

// Checks prove that Cilium works.
func (a *Addon) Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "cil.operator", AfterWorkloads: true, Group: group, Title: "Cilium's operator is available",
			Proves:  "All replicas of the Deployment must be available. Without the operator, new nodes get no addresses and unused identities are never removed, while existing pods keep working.",
			Rights:  []string{"get deployments.apps@kube-system"},
			Timeout: 20 * time.Second, Run: operator, Skip: verify.AgentsElsewhere,
			Hint: "look at the operator: kubectl -n kube-system describe deployment cilium-operator; kubectl -n kube-system logs deployment/cilium-operator",
		},
		{
			ID: "cil.agents", Nodes: verify.AllNodes, Group: group, Title: "Cilium's agent is healthy on every node, with its controllers and endpoints",
			Proves: "Asks each agent for its own status: it must be healthy, none of its controllers may fail repeatedly, and every endpoint must have its BPF programs. A Ready pod proves none of this.",
			Rights: verify.RightsOfAgents, Needs: []string{"kubelet.alive", "kubelet.work"}, NeededBy: []string{"net.pods"},
			// Agents compile programs for new endpoints, on a machine that all nodes share:
			// eight nodes on two cores took more than 30 s.
			Timeout: 90 * time.Second, Run: agents, Skip: verify.AgentsElsewhere,
			Hint: "look at the agent named: kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg status --verbose; kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg endpoint list",
		},
		{
			ID: "cil.mesh", Nodes: verify.AllNodes, Group: group, Title: "Every agent's health endpoint is reachable from every node",
			Proves: "From the host network of every node, each agent is requested at the address of its node and at that of its health endpoint in the pod network. The agents probe each other in the same way, but take minutes to cover all nodes.",
			Rights: slices.Concat(probe.RightsOfFleet, []string{"list ciliumnodes.cilium.io"}), Slow: true,
			Needs:   []string{"net.pods", "cil.agents"},
			Timeout: 20 * time.Second, Run: mesh,
			Hint: "TCP 4240 must pass between nodes; look at what the agents know: kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-health status --verbose",
		},
		{
			ID: "cil.ipam", AfterWorkloads: true, Group: group, Title: "Pod addresses are unique and in their own node's range",
			Proves:  "Compares the addresses of all running pods with each other and with the pod CIDRs of their nodes, and the CIDRs with each other. In mode kubernetes the CIDRs are those of the Nodes; in cluster-pool, those that the operator wrote into the CiliumNodes.",
			Rights:  []string{"list nodes", "list pods", "list ciliumnodes.cilium.io", "get configmaps@kube-system"},
			Timeout: 20 * time.Second, Run: addresses, Skip: verify.AgentsElsewhere,
			Hint: "look at the ranges: kubectl get nodes -o custom-columns=NAME:.metadata.name,CIDR:.spec.podCIDR; kubectl get ciliumnodes -o custom-columns=NAME:.metadata.name,CIDRS:.spec.ipam.podCIDRs; kubectl get pods -A -o wide",
		},
		{
			ID: "cil.kpr", Nodes: verify.AllNodes, Group: group, Title: "Cilium replaces kube-proxy on every node, and no kube-proxy rules remain",
			Proves: "There must be no DaemonSet kube-proxy, each agent must report that it replaces kube-proxy, and no node may have rules left from kube-proxy, which would handle packets before Cilium does.",
			Rights: append([]string{"get daemonsets.apps@kube-system"}, verify.RightsOfAgents...), Needs: []string{"cil.agents"},
			Timeout: 20 * time.Second, Run: replacement, Skip: withKubeProxy,
			Hint: "look for kube-proxy and at an agent: kubectl -n kube-system get daemonset kube-proxy; kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg status --verbose",
		},
		{
			ID: "cil.lb", Nodes: verify.AllNodes, Group: group, Title: "The BPF maps of every node direct a Service to its pods",
			Proves: "Looks up a new Service in the BPF maps that each node balances with. Its address must lead to every endpoint and nowhere else. `--show-evidence` prints the entries.",
			Rights: slices.Concat(probe.RightsOfFleet, verify.RightsOfAgents), Slow: true,
			Needs: []string{"net.pods", "kcm.slices", "cil.kpr"}, NeededBy: []string{"svc.clusterip"},
			Timeout: 20 * time.Second, Run: balance, Skip: withKubeProxy,
			Hint: "look at the maps of the node named: kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg bpf lb list; kubectl get endpointslices -A",
		},
	}
}

// withKubeProxy is the reason to skip what Cilium does in its place only.
func withKubeProxy(t *verify.Target) string {
	if t.Expect.ProxyMode != "none" {
		return "kube-proxy does the work (mode " + t.Expect.ProxyMode + ")"
	}
	return verify.AgentsElsewhere(t)
}

func operator(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	deployment, err := t.Kube.Clientset.AppsV1().Deployments(namespace).Get(ctx, "cilium-operator", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cilium-operator: %w", err)
	}
	want := int32(1)
	if deployment.Spec.Replicas != nil {
		want = *deployment.Spec.Replicas
	}
	have := deployment.Status.AvailableReplicas
	if have < want || want == 0 {
		return nil, fmt.Errorf("cilium-operator: %d of %d replicas are available", have, want)
	}
	return verify.Evidence{fmt.Sprintf("%d of %d replicas are available", have, want)}, nil
}

// agentQuery is a command for an agent, and what checks its answer.
type agentQuery struct {
	check   func(out string) (seen string, err error)
	command []string
}

var (
	statusCommand   = []string{"cilium-dbg", "status", "-o", "json"}
	endpointCommand = []string{"cilium-dbg", "endpoint", "list", "-o", "json"}
	rulesCommand    = []string{"iptables-save", "-t", "nat"}
)

// queryAgents sends queries to the agent of every node.
func queryAgents(ctx context.Context, t *verify.Target, queries ...agentQuery) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		var answers []string
		for _, q := range queries {
			out, err := t.Pods.Exec(ctx, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: container}, q.command...)
			if err != nil {
				return "", err
			}
			seen, err := q.check(out)
			if err != nil {
				return "", err
			}
			answers = append(answers, seen)
		}
		return strings.Join(answers, "; "), nil
	}))
}

func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return queryAgents(ctx, t, agentQuery{checkStatus, statusCommand}, agentQuery{checkEndpoints, endpointCommand})
}

func replacement(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	_, err := t.Kube.Clientset.AppsV1().DaemonSets(namespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
	if err == nil {
		return nil, errors.New("there is a DaemonSet kube-proxy")
	}
	if !apierrors.IsNotFound(err) {
		return nil, verify.Unobservable(fmt.Errorf("get DaemonSet kube-proxy: %w", err))
	}
	return queryAgents(ctx, t, agentQuery{checkReplacement, statusCommand}, agentQuery{checkRules, rulesCommand})
}
