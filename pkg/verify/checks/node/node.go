// Package node checks nodes and their kubelets.
package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const groupNode = "node"

const kubeletHealthPort = 10248

// Checks returns the checks of nodes and kubelets.
func Checks() []verify.Check {
	return slices.Concat(nodeChecks(), kubeletChecks())
}

func nodeChecks() []verify.Check {
	return []verify.Check{
		{
			ID: "kubelet.alive", Nodes: verify.AllNodes, Group: groupNode, Title: "Every node exists and is Ready, and its kubelet answers",
			Proves:  "Every expected node must exist and be Ready, and its kubelet must respond. If the nodes' containers can be seen, each must be running. The condition Ready alone stays True for 40 seconds after a kubelet stops.",
			Hint:    "kubectl get nodes -o wide; kubectl describe node NODE; on the node: systemctl status kubelet containerd; journalctl -u kubelet",
			Rights:  verify.JoinRights(verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"list certificatesigningrequests.certificates.k8s.io"}),
			Differs: "There are more nodes than the cluster was created with. Nodes of KWOK, which have no kubelet, are left out of all checks.",
			// Time for a node that hangs to be asked once, and again.
			Timeout: 14 * time.Second,
			Run:     kubeletsAlive,
		},
		{
			ID: "kubelet.lease", Nodes: verify.AllNodes, Group: groupNode, Title: "Every kubelet renews its lease",
			Proves: "Watches the lease of every node until it is renewed or created. A kubelet that can no longer reach the API server still responds, but its pods are evicted minutes later.",
			Hint:   "kubectl -n kube-node-lease get leases; on the node: journalctl -u kubelet, and its way to the API server",
			Needs:  []string{"kubelet.alive"},
			Rights: verify.JoinRights(verify.RightsOfNodes, []string{"list,watch leases.coordination.k8s.io@kube-node-lease"}),
			// A kubelet renews every ten seconds. A young one makes its lease as late as
			// that, where the first attempt came before the node was registered, and
			// may wait seven seconds more (kubelet v1.37, component-helpers/apimachinery/lease).
			Slow: true, Timeout: 30 * time.Second,
			Run: kubeletsRenew,
		},
		{
			ID: "node.runtime", Nodes: verify.AllNodes, Group: groupNode, Title: "Every node runs its containers with containerd",
			Proves:  "Every kubelet must report containerd and its version, and the configuration of the kubelet must name a socket. Other runtimes are accepted in clusters that kindctl did not create.",
			Hint:    "kubectl get nodes -o wide; on the node: journalctl -u kubelet, journalctl -u containerd",
			Needs:   []string{"kubelet.alive"},
			Rights:  verify.JoinRights(verify.RightsOfNodes, config.RightsOfKubeletConfigs),
			Timeout: 15 * time.Second,
			Run:     runtimes,
		},
		{
			ID: "node.taint", Nodes: verify.ControlPlanes, Group: groupNode, Title: "Control planes keep ordinary pods away",
			Proves:  "Every control plane must have the taint. Two pods are restricted to the control planes: the one with the toleration must be scheduled, and the other must stay pending because of the taint.",
			Hint:    "kubectl taint nodes -l " + verify.ControlPlaneLabel + " " + verify.ControlPlaneLabel + "=:NoSchedule --overwrite",
			Needs:   []string{"sched.place"},
			Rights:  verify.JoinRights(verify.RightsOfNodes, probe.RightsOfScheduling),
			Differs: "The taint was removed from a control plane.",
			Slow:    true, Timeout: 20 * time.Second, Skip: taintDoesNotApply,
			Run: taintKeepsAway,
		},
		kubeletConfigCheck(),
		skewCheck(),
	}
}

// kubeletsAlive reads the Ready condition, which lags by up to 40 seconds, and
// asks each kubelet itself, which does not.
func kubeletsAlive(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	containers := containerStates(ctx, t) // before the nodes: each that joins now is known to both
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := containersRun(t, containers, nodes); err != nil {
		return verify.Evaluated(nil, err)
	}
	if err := t.EnoughNodes(nodes); err != nil {
		return nil, err
	}
	evidence, err := verify.Each(nodes, verify.NodeName, func(node corev1.Node) (string, error) {
		condition := "node ready"
		if t.AwaitsCNI() && verify.LacksNetwork(node) {
			condition = "node not ready before it has a CNI, without which the cluster was made"
		} else if reason := nodeNotReady(node); reason != "" {
			return "", verify.OnNode(node.Name, errors.New(reason))
		}
		seen, err := kubeletHealth(ctx, t, node.Name)
		if _, exists := containers[node.Name]; err != nil && containers != nil && !exists {
			return "", verify.OnNode(node.Name, errors.New("its container was removed"))
		}
		if err != nil {
			return "", err
		}
		return seen + ", " + condition, nil
	})
	err = withPendingCertificates(ctx, t, err)
	if len(t.FakeNodes()) > 0 {
		evidence = append(evidence, "left out, because no kubelet runs them: "+strings.Join(t.FakeNodes(), ", "))
	}
	return verify.Evaluated(evidence, errors.Join(err, additional(t, nodes)))
}

// containerStates returns the states of the nodes' containers, or nil where they cannot
// be seen.
func containerStates(ctx context.Context, t *verify.Target) map[string]string {
	if t.Containers == nil {
		return nil
	}
	states, err := t.Containers(ctx)
	if err != nil {
		return nil
	}
	return states
}

// containersRun reports containers that do not run or are no nodes. The condition of a
// node stays True for 40 seconds after its container has ended.
func containersRun(t *verify.Target, states map[string]string, nodes []corev1.Node) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(states)) {
		known := slices.ContainsFunc(nodes, func(node corev1.Node) bool { return node.Name == name })
		problem := ""
		switch state := states[name]; {
		case slices.Contains(t.Without, name):
		case state == paused:
			problem = "its container is paused; to continue it: docker unpause " + name
		case state != running:
			problem = fmt.Sprintf("its container is %s; to start it: kindctl start %s", state, strings.Join(t.Flags, " "))
		case !known && len(nodes) < t.Expect.Nodes(): // not one that is being added
			problem = "its container runs, but the cluster has no such node"
		}
		if problem != "" {
			problems = append(problems, verify.OnNode(name, errors.New(problem)))
		}
	}
	return errors.Join(problems...)
}

// Docker's words for the state of a container.
const (
	running = "running"
	paused  = "paused"
)

// additional reports as a difference that there are more nodes than expected.
func additional(t *verify.Target, nodes []corev1.Node) error {
	if len(nodes) <= t.Expect.Nodes() {
		return nil
	}
	return verify.Differs(fmt.Sprintf("nodes.%d", len(nodes)), "remove those that are not of this cluster: kubectl delete node NODE",
		verify.Exactly(len(nodes), t.Expect.Nodes(), "nodes"))
}

// kubeletHealth asks the kubelet's health endpoint on the node's loopback
// address; where no pod leads there, it lets the API server ask the kubelet.
func kubeletHealth(ctx context.Context, t *verify.Target, node string) (string, error) {
	pod, err := t.HostNetworkPod(ctx, node)
	if err != nil {
		return "", err
	}
	ctx, cancel := verify.Answering(ctx)
	defer cancel()
	status := http.StatusOK
	var body []byte
	if pod == nil {
		body, err = t.Pods.GetKubelet(ctx, node, "healthz")
	} else {
		status, body, err = t.Pods.GetPod(ctx, pod.Namespace, pod.Name, kubeletHealthPort, "/healthz")
	}
	seen, err := verify.Healthy("kubelet", status, body, err)
	return node + ": " + seen, verify.OnNode(node, err)
}

// nodeNotReady says why a node is not ready, or "". A kubelet that has never
// reported leaves no condition at all.
func nodeNotReady(node corev1.Node) string {
	for _, condition := range node.Status.Conditions {
		if condition.Type != corev1.NodeReady {
			continue
		}
		if condition.Status == corev1.ConditionTrue {
			return ""
		}
		return fmt.Sprintf("not ready: %s: %s", condition.Reason, condition.Message)
	}
	return "not ready: the kubelet has not reported"
}

// kubeletsRenew proves the way from each kubelet to the API server. A kubelet
// renews every ten seconds.
func kubeletsRenew(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	names, err := t.NodeNames(ctx)
	if err != nil {
		return nil, err
	}
	leases := t.Kube.Clientset.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	if _, err := verify.AwaitRenewals(ctx, kube.ListWatch(leases.List, leases.Watch, metav1.ListOptions{}), names, t.Renewed); err != nil {
		return verify.Evaluated(nil, err)
	}
	return verify.Evidence{"renewed or made while watched: " + strings.Join(names, ", ")}, nil
}

const containerd = "containerd://"

// runtimes reads what each kubelet reports of its runtime, and the socket that
// it is configured to use.
func runtimes(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.Each(nodes, verify.NodeName, func(node corev1.Node) (string, error) {
		version := node.Status.NodeInfo.ContainerRuntimeVersion
		if version == "" || (!t.Expect.Discovered && !strings.HasPrefix(version, containerd)) {
			return "", verify.OnNode(node.Name, fmt.Errorf("the runtime is %q, expected %sVERSION", version, containerd))
		}
		endpoint, err := runtimeEndpoint(ctx, t, node.Name)
		if err != nil {
			return "", verify.OnNode(node.Name, err)
		}
		return fmt.Sprintf("%s: %s at %s", node.Name, version, endpoint), nil
	}))
}

func runtimeEndpoint(ctx context.Context, t *verify.Target, node string) (string, error) {
	body, err := config.Configz(ctx, t, node)
	if err != nil {
		return "", err
	}
	var configz struct {
		Kubelet struct{ ContainerRuntimeEndpoint string } `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(body, &configz); err != nil {
		return "", fmt.Errorf("configuration of the kubelet: %w", err)
	}
	if configz.Kubelet.ContainerRuntimeEndpoint == "" {
		return "", errors.New("the kubelet is configured with no containerRuntimeEndpoint")
	}
	return configz.Kubelet.ContainerRuntimeEndpoint, nil
}
