// Package admission checks that admission policies are in force.
package admission

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

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const groupAdmission = "admission"

// Checks returns the checks of admission.
func Checks() []verify.Check {
	return []verify.Check{{
		ID: "adm.volume", Group: groupAdmission, Title: "An admission policy mounts one volume at two paths in a new pod",
		Proves: "Creates a pod without volumes. A MutatingAdmissionPolicy, created for this run, adds one hostPath volume at two mount paths, and in the running pod both must show the node's machine ID. (PodPreset did this until Kubernetes 1.20.) If admission policies are disabled, pods are still admitted, but without the changes.",
		Hint:   "see that no API server has MutatingAdmissionPolicy in --disable-admission-plugins: kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep admission-plugins; kubectl get mutatingadmissionpolicies,mutatingadmissionpolicybindings",
		Needs:  []string{"api.ready", "kubelet.work"},
		Rights: verify.JoinRights(
			verify.RightsOfNodes, probe.RightsOfPods, rightsOfPolicies, []string{"get,delete pods", "create,get pods/exec"},
		),
		Slow: true, Timeout: 45 * time.Second, Run: policyGivesVolume,
	}}
}

// mutatedPod is the name of the pod, and of what the policy selects.
const mutatedPod = "mutated"

// policyGivesVolume is tried again by the engine until the policy is in force:
// API servers look for new ones every second.
func policyGivesVolume(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	namespace, err := probe.Of(t).Namespace(ctx)
	if err != nil {
		return nil, err
	}
	if err := createPolicy(ctx, t); err != nil {
		return nil, err
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	node := nodes[len(nodes)-1]
	if node.Status.NodeInfo.MachineID == "" {
		return nil, verify.Inapplicable(node.Name + " reports no machine ID, by which the volume is known")
	}
	pod := bare(t, node.Name)
	pods := t.Kube.Clientset.CoreV1().Pods(namespace)
	trial, err := pods.Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		err = evaluateMutated(trial)
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	started, err := probe.Of(t).Start(ctx, []*corev1.Pod{pod})
	if err != nil {
		return nil, err
	}
	admitted, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("get pod %s: %w", pod.Name, err)
	}
	if err := evaluateMutated(admitted); err != nil { // by another API server, which has not seen the policy yet
		return nil, errors.Join(err, pods.Delete(ctx, pod.Name, metav1.DeleteOptions{}))
	}
	evidence, err := showMachine(ctx, t, started[0], mountPaths, node.Status.NodeInfo.MachineID)
	return append(verify.Evidence{fmt.Sprintf("pod %s on %s was admitted with volume %s, at %s", pod.Name, node.Name, policyVolume, strings.Join(mountPaths, " and "))}, evidence...), err
}

// bare is a pod without a volume, which needs neither a scheduler nor a CNI.
func bare(t *verify.Target, node string) *corev1.Pod {
	pod := probe.Of(t).Pod(mutatedPod, node, map[string]string{admissionLabel: mutatedPod})
	pod.Spec.HostNetwork = true
	pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	pod.Spec.Containers[0].Command, pod.Spec.Containers[0].Args = []string{"sleep", "infinity"}, nil
	return pod
}

// evaluateMutated wants the policy's volume, and it alone, at both paths.
func evaluateMutated(pod *corev1.Pod) error {
	if len(pod.Spec.Volumes) == 0 {
		return fmt.Errorf("it was admitted without the volume that policy %s gives it", probe.NamespacePrefix+pod.Labels[verify.RunLabel])
	}
	var volumes, paths []string
	for _, volume := range pod.Spec.Volumes {
		source := "of another kind"
		if volume.HostPath != nil {
			source = volume.HostPath.Path
		}
		volumes = append(volumes, volume.Name+" "+source)
	}
	for _, mount := range pod.Spec.Containers[0].VolumeMounts {
		paths = append(paths, mount.Name+" "+mount.MountPath)
	}
	slices.Sort(paths)
	want := []string{policyVolume + " " + machineIDFile}
	if !slices.Equal(volumes, want) {
		return fmt.Errorf("it was admitted with the volumes %q, expected %q", volumes, want)
	}
	if want := []string{policyVolume + " " + mountPaths[0], policyVolume + " " + mountPaths[1]}; !slices.Equal(paths, want) {
		return fmt.Errorf("it was admitted with the mounts %q, expected %q", paths, want)
	}
	return nil
}

// showMachine reads the files in the pod. Each must hold the machine ID of the pod's node.
func showMachine(ctx context.Context, t *verify.Target, p probe.Probe, paths []string, machine string) (verify.Evidence, error) {
	out, err := t.Pods.Exec(ctx, p.PodRef, append([]string{"cat"}, paths...)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: read %s: %w", p.Node, p.Name, strings.Join(paths, " and "), err)
	}
	lines := strings.Fields(out)
	if len(lines) != len(paths) || slices.ContainsFunc(lines, func(line string) bool { return line != machine }) {
		return nil, fmt.Errorf("%s: %s: %s hold %q, the node's machine ID is %q", p.Node, p.Name, strings.Join(paths, " and "), lines, machine)
	}
	return verify.Evidence{fmt.Sprintf("%s hold %s, the machine ID of %s", strings.Join(paths, " and "), machine, p.Node)}, nil
}
