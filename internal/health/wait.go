package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Waiter waits for a cluster to become ready.
type Waiter struct {
	Client *kube.Client
	// Timeout bounds each wait.
	Timeout time.Duration
	// Advice comes before the command with which to look when a wait fails.
	Advice string
	// Only are the names of the workloads of kube-system to wait for; nil is all of them.
	Only []string
}

// Nodes waits until so many nodes are ready.
func (w Waiter) Nodes(ctx context.Context, span *event.Span, want int) error {
	return w.nodes(ctx, span, func(seen []*corev1.Node) error { return allReady(seen, want) })
}

// nodes waits until the nodes that a kubelet runs are as ready wants them.
func (w Waiter) nodes(ctx context.Context, span *event.Span, ready func([]*corev1.Node) error) error {
	nodes := w.Client.Clientset.CoreV1().Nodes()
	return w.Wait(ctx, hint.NodesNotReady, "not all nodes are ready", "kubectl describe nodes", func(ctx context.Context) error {
		return kube.UntilAll(ctx, kube.ListWatch(nodes.List, nodes.Watch, metav1.ListOptions{}), func(seen []*corev1.Node) error {
			return report(span, ready(withKubelet(seen)))
		})
	})
}

// UnreadyNodes returns those of a cluster's nodes that are not ready, with the kubelet's
// reason: "lab-worker (CNI not initialized)".
func UnreadyNodes(ctx context.Context, client *kube.Client) ([]string, error) {
	listed, err := client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var nodes []*corev1.Node
	for i := range listed.Items {
		nodes = append(nodes, &listed.Items[i])
	}
	return unready(withKubelet(nodes)), nil
}

// withKubelet leaves out the nodes that no kubelet runs.
func withKubelet(nodes []*corev1.Node) []*corev1.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(node *corev1.Node) bool { return verify.Fake(*node) })
}

// allReady names the nodes that are missing or not ready, with the kubelet's reason.
func allReady(nodes []*corev1.Node, want int) error {
	waiting := unready(nodes)
	ready := len(nodes) - len(waiting)
	if missing := want - len(nodes); missing > 0 {
		waiting = append(waiting, fmt.Sprintf("%d not registered", missing))
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d nodes are ready; not yet %s", ready, want, strings.Join(waiting, ", "))
}

// unready are those of the nodes that are not ready, with the kubelet's reason.
func unready(nodes []*corev1.Node) (waiting []string) {
	for _, node := range nodes {
		if reason := NotReady(node); reason != "" {
			waiting = append(waiting, fmt.Sprintf("%s (%s)", node.Name, reason))
		}
	}
	sort.Strings(waiting)
	return waiting
}

// NotReady returns the kubelet's reason why a node is not ready, or "".
func NotReady(node *corev1.Node) string {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			if condition.Status == corev1.ConditionTrue {
				return ""
			}
			return brief(condition.Message)
		}
	}
	return "the kubelet has not reported"
}

// brief keeps of a kubelet's message what is new in it: a message about the
// runtime holds the plugin's at its end.
func brief(message string) string {
	if strings.Contains(message, "cni plugin not initialized") {
		return "CNI not initialized"
	}
	if at := strings.LastIndex(message, "message:"); at >= 0 {
		message = message[at+len("message:"):]
	}
	return strings.Trim(message, " []")
}

// Workloads waits for what makes a cluster usable: the agents of kube-system on every
// node, and CoreDNS. It calls agentsReady, unless that is nil, when the agents are. The
// message says what was left out, if anything was.
func (w Waiter) Workloads(ctx context.Context, span *event.Span, agentsReady func()) (message string, err error) {
	apps := w.Client.Clientset.AppsV1()
	err = w.Wait(ctx, hint.WorkloadsNotReady, "the system's pods are not ready", "kubectl -n kube-system get pods,events",
		func(ctx context.Context) error {
			agents := apps.DaemonSets("kube-system")
			fakes, err := verify.Fakes(ctx, w.Client.Clientset)
			if err != nil {
				return fmt.Errorf("list nodes: %w", err)
			}
			err = kube.UntilAll(ctx, kube.ListWatch(agents.List, agents.Watch, metav1.ListOptions{}), func(seen []*appsv1.DaemonSet) error {
				return report(span, rolledOut(w.daemonSets(seen), len(fakes)))
			})
			if err != nil {
				return err
			}
			if agentsReady != nil {
				agentsReady()
			}
			if w.awaitsCloud(ctx) {
				message = "only agents: the nodes wait for a cloud controller manager, and CoreDNS with them"
				return nil
			}
			deployments := apps.Deployments("kube-system")
			return kube.UntilAll(ctx, kube.ListWatch(deployments.List, deployments.Watch, metav1.ListOptions{}),
				func(seen []*appsv1.Deployment) error {
					return report(span, available(w.deployments(seen)))
				})
		})
	return message, err
}

// Proxies waits for kube-proxy, which takes no CNI: until it is wanted on as many nodes
// as there have to be, and ready on all that run a kubelet. With a CNI of the user's own it
// may be absent. The message says what was left out.
func (w Waiter) Proxies(ctx context.Context, span *event.Span, nodes int) (message string, err error) {
	agents := w.Client.Clientset.AppsV1().DaemonSets("kube-system")
	return "kube-proxy; other pods wait for a CNI", w.Wait(ctx, hint.WorkloadsNotReady, "kube-proxy is not ready on every node",
		"kubectl -n kube-system get pods,events", func(ctx context.Context) error {
			fakes, err := verify.Fakes(ctx, w.Client.Clientset)
			if err != nil {
				return fmt.Errorf("list nodes: %w", err)
			}
			return kube.UntilAll(ctx, kube.ListWatch(agents.List, agents.Watch, metav1.ListOptions{}), func(seen []*appsv1.DaemonSet) error {
				at := slices.IndexFunc(seen, func(d *appsv1.DaemonSet) bool { return d.Name == "kube-proxy" })
				if at < 0 {
					return nil
				}
				if wanted := int(seen[at].Status.DesiredNumberScheduled); wanted < nodes {
					return report(span, fmt.Errorf("kube-proxy: wanted on %d of %d nodes", wanted, nodes))
				}
				return report(span, rolledOut(seen[at:at+1], len(fakes)))
			})
		})
}

// awaitsCloud reports whether every node keeps ordinary pods away until a cloud
// controller manager has come, as --cloud-provider=external asks for.
func (w Waiter) awaitsCloud(ctx context.Context) bool {
	nodes, err := w.Client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	return err == nil && len(nodes.Items) > 0 && !slices.ContainsFunc(nodes.Items,
		func(node corev1.Node) bool { return !verify.AwaitsCloud(node) })
}

func report(span *event.Span, err error) error {
	if err != nil {
		span.Progress(err.Error(), 0, 0)
	}
	return err
}

// rolledOut names the DaemonSets that are not ready on all nodes but those that no
// kubelet runs, of which there are a number.
func rolledOut(agents []*appsv1.DaemonSet, fakes int) error {
	var waiting []string
	for _, agent := range agents {
		status := agent.Status
		if status.ObservedGeneration < agent.Generation || int(status.NumberReady) < int(status.DesiredNumberScheduled)-fakes ||
			status.DesiredNumberScheduled == 0 {
			waiting = append(waiting, fmt.Sprintf("%s: %d of %d ready", agent.Name, status.NumberReady, status.DesiredNumberScheduled))
		}
	}
	return waitingFor(len(agents) > 0, waiting)
}

func available(deployments []*appsv1.Deployment) error {
	var waiting []string
	for _, deployment := range deployments {
		if want := *deployment.Spec.Replicas; deployment.Status.AvailableReplicas < want ||
			deployment.Status.ObservedGeneration < deployment.Generation {
			waiting = append(waiting, fmt.Sprintf("%s: %d of %d available", deployment.Name, deployment.Status.AvailableReplicas, want))
		}
	}
	return waitingFor(len(deployments) > 0, waiting)
}

func waitingFor(seen bool, waiting []string) error {
	if !seen {
		return errors.New("nothing is there yet")
	}
	if len(waiting) == 0 {
		return nil
	}
	sort.Strings(waiting)
	return errors.New(strings.Join(waiting, "; "))
}

// Wait bounds a wait. Its error has the problems of the pods of kube-system, and a command
// to look with.
func (w Waiter) Wait(ctx context.Context, reason hint.Reason, message, command string, until func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	err := until(bounded)
	if err == nil || ctx.Err() != nil {
		return err
	}
	for _, problem := range podProblems(ctx, w.Client.Clientset) {
		err = fmt.Errorf("%w\n%s", err, problem)
	}
	return reason.Wrap(err, fmt.Sprintf("%s after %v", message, w.Timeout), w.Advice+command)
}
