package bootstrap

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

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// readiness waits for a cluster to become ready.
type readiness struct {
	client *kube.Client
	// timeout bounds each wait.
	timeout time.Duration
	// advice comes before the command with which to look when a wait fails.
	advice string
	// ours are the workloads to wait for; nil is all of kube-system.
	ours systemWorkloads
}

func (u *Up) readiness() readiness {
	return readiness{client: u.client, timeout: u.WaitTimeout, advice: "run again with --retain and look: "}
}

func (u *Up) waitForNodes(ctx context.Context, span *event.Span) (string, error) {
	u.renewed, _ = verify.ReadLeaseRenewTimes(ctx, u.client) // else kubelet.lease looks for itself
	want := u.Topology.Nodes()
	err := u.readiness().nodes(ctx, span, func(seen []*corev1.Node) error { return allReady(seen, want) })
	return fmt.Sprintf("%d nodes", want), err
}

func (u *Up) waitForWorkloads(ctx context.Context, span *event.Span) (string, error) {
	if u.addon == nil {
		return proxiesNote, u.readiness().proxies(ctx, span, u.Topology.Nodes())
	}
	u.verification = u.verifyEarly(ctx)
	err := u.readiness().workloads(ctx, span, u.verification)
	if err != nil {
		u.verification.cancel()
		return "", err
	}
	if u.readiness().awaitsCloud(ctx) {
		return cloudNote, nil
	}
	return "", nil
}

// nodes waits until the nodes are as ready wants them.
func (r readiness) nodes(ctx context.Context, span *event.Span, ready func([]*corev1.Node) error) error {
	nodes := r.client.Clientset.CoreV1().Nodes()
	return r.wait(ctx, hint.NodesNotReady, "not all nodes are ready", "kubectl describe nodes", func(ctx context.Context) error {
		return kube.UntilAll(ctx, kube.ListWatch(nodes.List, nodes.Watch, metav1.ListOptions{}), func(seen []*corev1.Node) error {
			return report(span, ready(withKubelet(seen)))
		})
	})
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
		if reason := notReady(node); reason != "" {
			waiting = append(waiting, fmt.Sprintf("%s (%s)", node.Name, reason))
		}
	}
	sort.Strings(waiting)
	return waiting
}

func notReady(node *corev1.Node) string {
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

// workloads waits for what makes a cluster usable: the agents of kube-system on
// every node, and CoreDNS. An early verification goes on with each.
func (r readiness) workloads(ctx context.Context, span *event.Span, early *verification) error {
	apps := r.client.Clientset.AppsV1()
	return r.wait(ctx, hint.WorkloadsNotReady, "the system's pods are not ready", "kubectl -n kube-system get pods,events", func(ctx context.Context) error {
		agents := apps.DaemonSets("kube-system")
		fakes, err := verify.Fakes(ctx, r.client.Clientset)
		if err != nil {
			return fmt.Errorf("list nodes: %w", err)
		}
		err = kube.UntilAll(ctx, kube.ListWatch(agents.List, agents.Watch, metav1.ListOptions{}), func(seen []*appsv1.DaemonSet) error {
			return report(span, rolledOut(r.ours.agents(seen), len(fakes)))
		})
		if err != nil {
			return err
		}
		early.pass(func(v *verification) chan struct{} { return v.agents })
		if r.awaitsCloud(ctx) {
			early.pass(func(v *verification) chan struct{} { return v.deployments })
			return nil
		}
		deployments := apps.Deployments("kube-system")
		err = kube.UntilAll(ctx, kube.ListWatch(deployments.List, deployments.Watch, metav1.ListOptions{}), func(seen []*appsv1.Deployment) error {
			return report(span, available(r.ours.deployments(seen)))
		})
		if err == nil {
			early.pass(func(v *verification) chan struct{} { return v.deployments })
		}
		return err
	})
}

// proxiesNote is the end of a wait for kube-proxy alone.
const proxiesNote = "kube-proxy; other pods wait for a CNI"

// proxies waits for kube-proxy, which takes no CNI: until it is wanted on as many nodes
// as there have to be, and ready on all that run a kubelet. Somebody who brings his own
// CNI may have removed it.
func (r readiness) proxies(ctx context.Context, span *event.Span, nodes int) error {
	agents := r.client.Clientset.AppsV1().DaemonSets("kube-system")
	return r.wait(ctx, hint.WorkloadsNotReady, "kube-proxy is not ready on every node", "kubectl -n kube-system get pods,events", func(ctx context.Context) error {
		fakes, err := verify.Fakes(ctx, r.client.Clientset)
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
func (r readiness) awaitsCloud(ctx context.Context) bool {
	nodes, err := r.client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	return err == nil && len(nodes.Items) > 0 && !slices.ContainsFunc(nodes.Items, func(node corev1.Node) bool { return !verify.AwaitsCloud(node) })
}

// cloudNote is the end of a wait that left ordinary pods out.
const cloudNote = "only agents: the nodes wait for a cloud controller manager, and CoreDNS with them"

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
		if status.ObservedGeneration < agent.Generation || int(status.NumberReady) < int(status.DesiredNumberScheduled)-fakes || status.DesiredNumberScheduled == 0 {
			waiting = append(waiting, fmt.Sprintf("%s: %d of %d ready", agent.Name, status.NumberReady, status.DesiredNumberScheduled))
		}
	}
	return waitingFor(len(agents) > 0, waiting)
}

func available(deployments []*appsv1.Deployment) error {
	var waiting []string
	for _, deployment := range deployments {
		if want := *deployment.Spec.Replicas; deployment.Status.AvailableReplicas < want || deployment.Status.ObservedGeneration < deployment.Generation {
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

// wait bounds a wait, and tells why it failed and what to do.
func (r readiness) wait(ctx context.Context, reason hint.Reason, message, command string, until func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	err := until(bounded)
	if err == nil || ctx.Err() != nil {
		return err
	}
	for _, problem := range podProblems(ctx, r.client.Clientset) {
		err = fmt.Errorf("%w\n%s", err, problem)
	}
	return reason.Wrap(err, fmt.Sprintf("%s after %v", message, r.timeout), r.advice+command)
}
