package calico

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

const (
	group     = "calico"
	namespace = "kube-system"
	selector  = "k8s-app=calico-node"
	// healthPort is Felix's health endpoint, on the node's loopback address.
	healthPort = 9099
)

// Checks prove that Calico works.
func (a *Addon) Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "cal.agents", Group: group, Title: "Calico's agent is alive and ready on every node, and so are its controllers",
			Timeout: 45 * time.Second, Run: agents,
			Hint: "look at the agent named: kubectl -n kube-system describe pod -l k8s-app=calico-node; kubectl -n kube-system logs -l k8s-app=calico-node -c calico-node",
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
			Timeout: 30 * time.Second, Run: addresses,
			Hint: "look at the pools and blocks: kubectl get ippools,ipamblocks.crd.projectcalico.org -o yaml",
		},
	}
}

// agentPods returns the agent's pods by node and wants one for each node.
func agentPods(ctx context.Context, t *verify.Target) (map[string]corev1.Pod, error) {
	pods, err := t.Kube.Clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list the agents: %w", err)
	}
	byNode := map[string]corev1.Pod{}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			byNode[pod.Spec.NodeName] = pod
		}
	}
	if len(byNode) != t.Expect.Nodes() {
		return nil, fmt.Errorf("the agent runs on %d nodes, want %d", len(byNode), t.Expect.Nodes())
	}
	return byNode, nil
}

// probeTimeout is how long an agent may take to say that it is alive. One that
// is stopped never answers.
const probeTimeout = 5 * time.Second

// agents asks Felix on every node for its own view, and looks at the controllers.
func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := agentPods(ctx, t)
	if err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	var broken []string
	for node, pod := range pods {
		for _, path := range []string{"/liveness", "/readiness"} {
			if err := healthy(ctx, t.Kube, pod.Name, path); err != nil {
				broken = append(broken, fmt.Sprintf("%s: %s: %v", node, path, err))
				break
			}
			evidence = append(evidence, node+": "+path+" is well")
		}
	}
	controllers, err := t.Kube.Clientset.AppsV1().Deployments(namespace).Get(ctx, "calico-kube-controllers", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("calico-kube-controllers: %w", err)
	}
	if controllers.Status.AvailableReplicas < 1 {
		broken = append(broken, "calico-kube-controllers is not available")
	}
	slices.Sort(evidence)
	slices.Sort(broken)
	if len(broken) > 0 {
		return evidence, errors.New(strings.Join(broken, "\n"))
	}
	return evidence, nil
}

func healthy(ctx context.Context, client *kube.Client, pod, path string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	status, body, err := client.GetPod(ctx, namespace, pod, healthPort, path)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer in %v", probeTimeout)
	}
	if err != nil {
		return err
	}
	if status != http.StatusOK && status != http.StatusNoContent {
		return fmt.Errorf("status %d: %s", status, strings.TrimSpace(string(body)))
	}
	return nil
}

// route is what "ip -j route get" says of one destination.
type route struct {
	Destination string `json:"dst"`
	Device      string `json:"dev"`
	Gateway     string `json:"gateway"`
	Type        string `json:"type"`
}

// routes asks the kernel of every node for its way to a pod of every other one.
func routes(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := agentPods(ctx, t)
	if err != nil {
		return nil, err
	}
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	var broken []string
	for node, pod := range pods {
		for _, peer := range probes {
			if peer.Node == node {
				continue
			}
			out, err := t.Kube.Exec(ctx, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: agent}, "ip", "-j", "route", "get", peer.IP)
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s -> %s on %s: %v", node, peer.IP, peer.Node, err))
				continue
			}
			if problem, way := judgeRoute(out, pods[peer.Node].Status.HostIP); problem != "" {
				broken = append(broken, fmt.Sprintf("%s -> %s on %s: %s", node, peer.IP, peer.Node, problem))
			} else {
				evidence = append(evidence, fmt.Sprintf("%s -> %s on %s: %s", node, peer.IP, peer.Node, way))
			}
		}
	}
	slices.Sort(evidence)
	slices.Sort(broken)
	if len(broken) > 0 {
		return evidence, errors.New(strings.Join(broken, "\n"))
	}
	return evidence, nil
}

// tunnel is the device of Calico's VXLAN.
const tunnel = "vxlan.calico"

// judgeRoute wants the way to lead through the tunnel or straight to the
// peer's node, never through a default gateway.
func judgeRoute(out, peerNode string) (problem, way string) {
	var found []route
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) == 0 {
		return fmt.Sprintf("no route in %q", strings.TrimSpace(out)), ""
	}
	r := found[0]
	switch {
	case r.Type != "" && r.Type != "unicast":
		return "the route is " + r.Type, ""
	case r.Device == tunnel:
		return "", "device " + r.Device
	case r.Gateway == peerNode:
		return "", fmt.Sprintf("gateway %s, device %s", r.Gateway, r.Device)
	}
	return fmt.Sprintf("the way is gateway %q, device %s; neither %s nor the node's address %s", r.Gateway, r.Device, tunnel, peerNode), ""
}

func resource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "crd.projectcalico.org", Version: "v1", Resource: name}
}

// addresses compares the pods' addresses with Calico's own books.
func addresses(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pools, err := t.Kube.Dynamic.Resource(resource("ippools")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list address pools: %w", err)
	}
	blocks, err := t.Kube.Dynamic.Resource(resource("ipamblocks")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list address blocks: %w", err)
	}
	pods, err := t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	var cidrs []netip.Prefix
	for _, pool := range pools.Items {
		if prefix, err := prefixOf(pool.Object); err == nil {
			cidrs = append(cidrs, prefix)
		}
	}
	allocated := map[netip.Addr]bool{}
	for _, block := range blocks.Items {
		if err := addAllocations(allocated, block.Object); err != nil {
			return nil, fmt.Errorf("address block %s: %w", block.GetName(), err)
		}
	}
	return judgeAddresses(pods.Items, cidrs, allocated)
}
