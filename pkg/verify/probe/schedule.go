package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// RightsOfScheduling go with schedule.
var RightsOfScheduling = verify.JoinRights(RightsOfNamespace, []string{"create,list,watch pods"})

// Schedule creates a pod, if it is not there yet, and watches it.
func (s *Session) Schedule(ctx context.Context, pod *corev1.Pod, until func(*corev1.Pod) error) error {
	namespace, err := s.Namespace(ctx)
	if err != nil {
		return err
	}
	pods := s.t.Kube.Clientset.CoreV1().Pods(namespace)
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create pod %s: %w", pod.Name, err)
	}
	return kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, kube.Named(pod.Name)), func(seen []*corev1.Pod) error {
		for _, candidate := range seen {
			if candidate.Name == pod.Name {
				return until(candidate)
			}
		}
		return errors.New("pod " + pod.Name + " is gone")
	})
}

// NeverStarted has the kubelet wait for a ConfigMap that no one makes: the pod
// gets its node, and costs nothing there.
func NeverStarted(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "never", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "kindctl-never"}}}})
	probe := &pod.Spec.Containers[0]
	// The kubelet waits only for volumes that a container mounts.
	probe.VolumeMounts = append(probe.VolumeMounts, corev1.VolumeMount{Name: "never", MountPath: "/never"})
	return pod
}

// WhyUnscheduled is the scheduler's own word, or that it has said nothing.
func WhyUnscheduled(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return strings.TrimSpace(condition.Reason + " " + condition.Message)
		}
	}
	return "the scheduler has not looked at it"
}

// OnControlPlanes requires that the control plane label exists, or does not, and
// that the node is none of some.
func OnControlPlanes(operator corev1.NodeSelectorOperator, except ...string) *corev1.Affinity {
	term := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: verify.ControlPlaneLabel, Operator: operator}}}
	for _, name := range except {
		term.MatchFields = append(
			term.MatchFields, corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpNotIn, Values: []string{name}},
		)
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{term},
	}}}
}
