package verify

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// SystemPods returns the pods of kube-system that a selector matches, sorted
// by name.
func (t *Target) SystemPods(ctx context.Context, selector string) ([]corev1.Pod, error) {
	list, err := t.Kube.Clientset.CoreV1().Pods(SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list pods %s: %w", selector, err)
	}
	pods := t.Real(list.Items)
	sort.Slice(pods, func(i, j int) bool { return pods[i].Name < pods[j].Name })
	return pods, nil
}

// Components returns the static pods of a control plane component, sorted by
// name: one for each control plane, or an error that says which have none.
func (t *Target) Components(ctx context.Context, name string) ([]corev1.Pod, error) {
	pods, err := t.SystemPods(ctx, "component="+name)
	if err != nil {
		return nil, err
	}
	err = Exactly(len(pods), t.Expect.ControlPlanes, name+" pods")
	if err == nil {
		return pods, nil
	}
	nodes, unlisted := t.Nodes(ctx)
	if unlisted != nil {
		return pods, err
	}
	lacking := slices.DeleteFunc(nodes, func(node corev1.Node) bool {
		_, controlPlane := node.Labels[ControlPlaneLabel]
		return !controlPlane || slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Spec.NodeName == node.Name })
	})
	if len(lacking) == 0 {
		return pods, err
	}
	_, err = Each(lacking, NodeName, func(node corev1.Node) (string, error) {
		return "", OnNode(node.Name, fmt.Errorf("there is no %s pod", name))
	})
	return pods, err
}

// HostNetworkPod returns a running pod on a node's host network, through which the
// node's loopback address can be reached, or nil.
func (t *Target) HostNetworkPod(ctx context.Context, node string) (*corev1.Pod, error) {
	pods, err := t.Kube.Clientset.CoreV1().Pods(SystemNamespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list pods of %s: %w", node, err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Spec.NodeName == node && pod.Spec.HostNetwork && pod.Status.Phase == corev1.PodRunning {
			return pod, nil
		}
	}
	return nil, nil
}

// Exactly reports that there are not as many things as expected. None at all is
// wrong whatever was expected: what was not seen was not proven.
func Exactly(seen, want int, things string) error {
	if seen == 0 || seen != want {
		return fmt.Errorf("%d %s, expected %d", seen, things, want)
	}
	return nil
}

// Agents returns the pods of kube-system that a selector matches and wants one
// on every expected node, with all containers running. They come sorted by
// node. Whether an agent is ready is for its own health check to say, which
// knows why and at once.
func (t *Target) Agents(ctx context.Context, selector string) ([]corev1.Pod, error) {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.EnoughNodes(nodes); err != nil {
		return nil, err
	}
	pods, err := t.SystemPods(ctx, selector)
	if err != nil {
		return nil, err
	}
	byNode := map[string]corev1.Pod{}
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if _, taken := byNode[pod.Spec.NodeName]; !taken || running(&pod) {
			byNode[pod.Spec.NodeName] = pod
		}
	}
	var agents []corev1.Pod
	_, err = Each(nodes, NodeName, func(node corev1.Node) (string, error) {
		pod, found := byNode[node.Name]
		switch {
		case !found:
			return "", OnNode(node.Name, fmt.Errorf("there is no pod %s", selector))
		case !running(&pod):
			return "", OnNode(node.Name, fmt.Errorf("%s does not run: %s", pod.Name, PodNotReady(&pod)))
		}
		return "", nil
	})
	for _, node := range nodes {
		agents = append(agents, byNode[node.Name])
	}
	return agents, err
}

// AgentsElsewhere is the reason to skip what asks the agents of a CNI that
// someone has installed into another namespace than kube-system, to which the
// rights of the checks are bound.
func AgentsElsewhere(t *Target) string {
	if found := t.Expect.CNINamespace; found != "" && found != SystemNamespace {
		return fmt.Sprintf("the agents of %s are in namespace %s, and this check asks only those in %s", t.Expect.CNI, found, SystemNamespace)
	}
	return ""
}

// running reports whether every container of a pod runs.
func running(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil {
			return false
		}
	}
	return pod.Status.Phase == corev1.PodRunning
}

// OnEach looks at all pods side by side and begins each line, seen or wrong,
// with the pod's node. A look has a few seconds: a pod that hangs is named in
// time.
func OnEach(ctx context.Context, pods []corev1.Pod, look func(context.Context, corev1.Pod) (string, error)) (Evidence, error) {
	return Each(pods, PodNode, func(pod corev1.Pod) (string, error) {
		ctx, cancel := Answering(ctx)
		defer cancel()
		seen, err := look(ctx, pod)
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return "", OnNode(pod.Spec.NodeName, fmt.Errorf("%s: %w", pod.Name, err))
		}
		return pod.Spec.NodeName + ": " + seen, nil
	})
}

// PodNotReady says why a pod is not ready, but for its gates, or "".
func PodNotReady(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.ContainersReady && condition.Status == corev1.ConditionTrue {
			return ""
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		if waiting := status.State.Waiting; waiting != nil {
			return strings.TrimSpace(waiting.Reason + " " + waiting.Message)
		}
		if ended := status.State.Terminated; ended != nil {
			return strings.TrimSpace(ended.Reason + " " + ended.Message)
		}
	}
	return strings.TrimSpace(string(pod.Status.Phase) + " " + pod.Status.Message)
}

// FlagOf is the value of a flag in a pod's command, or "".
func FlagOf(pod corev1.Pod, flag string) string {
	for _, container := range pod.Spec.Containers {
		for _, argument := range slices.Concat(container.Command, container.Args) {
			if value, is := strings.CutPrefix(argument, flag+"="); is {
				return value
			}
		}
	}
	return ""
}
