// Package storage checks that volumes are provisioned.
package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const groupStorage = "storage"

// Checks returns the checks of storage.
func Checks() []verify.Check {
	return []verify.Check{{
		ID: "store.claim", Group: groupStorage, Title: "A claim of the default StorageClass gets a volume that keeps its data",
		Proves: "A claim that names no StorageClass must be bound once a pod uses it. The scheduler places the pod, which writes a file; a second pod on the same node must read the file. If provisioning fails, pods with such claims stay Pending while everything else works. Both pods use the host network and need no CNI.",
		Hint: "look at the claim's events and at the provisioner: kubectl get storageclasses; kubectl get events -A --field-selector involvedObject.kind=PersistentVolumeClaim; " +
			"in kind's clusters: kubectl -n local-path-storage get pods,events",
		Needs:  []string{"sched.place", "net.pods", "svc.clusterip"},
		Rights: verify.JoinRights(probe.RightsOfScheduling, probe.RightsOfPods, []string{"list storageclasses.storage.k8s.io", "create,get persistentvolumeclaims", "get pods/log"}),
		Slow:   true, Timeout: claimTimeout, Skip: verify.WithoutNodes, Run: claimKeeps, AfterHosts: true,
		Prefetch: func(ctx context.Context, t *verify.Target) error {
			if class, err := defaultClass(ctx, t); class == nil {
				return err
			}
			return createWriter(ctx, t)
		},
	}}
}

// claimTimeout leaves room for a second try: the provisioner of kind's clusters gives a
// pod 120 s to make a volume, also one that has failed, and begins again 15 s later
// (local-path-provisioner v0.0.30, provisioner.go; sig-storage-lib-external-provisioner,
// controller.go).
const claimTimeout = 150 * time.Second

// provisionerNamespace is where the provisioner of kind's clusters runs, and the pods
// in which it makes volumes.
const provisionerNamespace = "local-path-storage"

const (
	claimName  = "claim"
	writerName = "claim-writer"
	readerName = "claim-reader"
	claimPath  = "/claim"
	// readTries is how often the reader looks for what the writer writes, five times a
	// second.
	readTries = 100
	// defaultClassMark is the annotation of the class that claims get which name none
	// (Kubernetes v1.37, pkg/volume/util).
	defaultClassMark = "storageclass.kubernetes.io/is-default-class"
	// chosenNode is the annotation by which the scheduler tells a provisioner where a
	// claim's pod is to run (Kubernetes v1.37, pkg/volume/util).
	chosenNode = "volume.kubernetes.io/selected-node"
	// unprovisioned is the provisioner of classes whose volumes people make.
	unprovisioned = "kubernetes.io/no-provisioner"
)

func claimKeeps(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	class, err := defaultClass(ctx, t)
	if err != nil {
		return nil, err
	}
	if class == nil {
		return nil, verify.Inapplicable("there is no default StorageClass")
	}
	if class.Provisioner == unprovisioned {
		return nil, verify.Inapplicable("volumes of the default StorageClass " + class.Name + " are not provisioned, but made by people")
	}
	if err := createWriter(ctx, t); err != nil {
		return nil, err
	}
	unwritten := func(err error) error {
		return withClaimEvents(ctx, t, fmt.Errorf("a claim of StorageClass %s: %w", class.Name, orUnprovisioned(ctx, t, class, err)))
	}
	writer, err := placed(ctx, t, writerPod(t))
	if err != nil {
		return nil, unwritten(err)
	}
	reader := readerPod(t, writer.Spec.NodeName)
	if _, err := placed(ctx, t, reader); err != nil { // it starts beside the writer
		return nil, fmt.Errorf("a second pod with the claim: %w", err)
	}
	if err := completed(ctx, t, writerPod(t)); err != nil {
		return nil, unwritten(err)
	}
	if err := completed(ctx, t, reader); err != nil {
		return nil, fmt.Errorf("a second pod with the claim: %w", err)
	}
	return verify.Evidence{fmt.Sprintf("StorageClass %s: %s on %s wrote %s, %s read it", class.Name, writer.Name, writer.Spec.NodeName, claimFile(t), reader.Name)}, nil
}

// defaultClass is the StorageClass of claims that name none, or nil.
func defaultClass(ctx context.Context, t *verify.Target) (class *storagev1.StorageClass, err error) {
	classes, err := t.Kube.Clientset.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list StorageClasses: %w", err)
	}
	for i := range classes.Items { // of several, the newest counts
		candidate := &classes.Items[i]
		if candidate.Annotations[defaultClassMark] == "true" && (class == nil || class.CreationTimestamp.Before(&candidate.CreationTimestamp)) {
			class = candidate
		}
	}
	return class, nil
}

// createWriter makes the claim and the pod that writes into its volume, unless they
// are there.
func createWriter(ctx context.Context, t *verify.Target) error {
	namespace, err := probe.Of(t).Namespace(ctx)
	if err != nil {
		return err
	}
	_, err = t.Kube.Clientset.CoreV1().PersistentVolumeClaims(namespace).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claimName, Labels: map[string]string{verify.RunLabel: t.RunID}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create PersistentVolumeClaim %s: %w", claimName, err)
	}
	return probe.Of(t).Create(ctx, []*corev1.Pod{writerPod(t)})
}

// claimFile is the file that is written; each run has its own name for it.
func claimFile(t *verify.Target) string { return claimPath + "/" + t.RunID }

func writerPod(t *verify.Target) *corev1.Pod {
	return claimPod(t, writerName, "echo "+t.RunID+" > "+claimFile(t))
}

func readerPod(t *verify.Target, node string) *corev1.Pod {
	read := "grep -x " + t.RunID + " " + claimFile(t)
	pod := claimPod(t, readerName, fmt.Sprintf("for try in $(seq %d); do %s 2>/dev/null && exit; sleep 0.2; done; %s", readTries, read, read))
	pod.Spec.NodeName = node
	return pod
}

// claimPod is a pod that runs a command line with the volume and ends.
func claimPod(t *verify.Target, name, command string) *corev1.Pod {
	pod := probe.Of(t).Pod(name, "", nil)
	pod.Spec.HostNetwork = true
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.Tolerations = []corev1.Toleration{
		{Key: verify.ControlPlaneLabel, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	}
	pod.Spec.SecurityContext.FSGroup = new(*pod.Spec.SecurityContext.RunAsUser)
	pod.Spec.Volumes = []corev1.Volume{{Name: claimName, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName}}}}
	container := &pod.Spec.Containers[0]
	container.Command, container.Args = []string{"/bin/sh", "-c", command}, nil
	container.VolumeMounts = []corev1.VolumeMount{{Name: claimName, MountPath: claimPath}}
	return pod
}

// placed creates a pod, if it is not there yet, and returns it once it has a node, which
// it is given when its claim is bound.
func placed(ctx context.Context, t *verify.Target, pod *corev1.Pod) (placed *corev1.Pod, err error) {
	err = probe.Of(t).Schedule(ctx, pod, func(seen *corev1.Pod) error {
		if placed = seen; seen.Spec.NodeName == "" {
			return fmt.Errorf("pod %s has no node: %s", seen.Name, probe.WhyUnscheduled(seen))
		}
		return nil
	})
	return placed, err
}

// completed waits until the container of a pod has ended well. The pod's phase follows
// more than a second later.
func completed(ctx context.Context, t *verify.Target, pod *corev1.Pod) error {
	var ended *corev1.Pod
	failed := false
	err := probe.Of(t).Schedule(ctx, pod, func(seen *corev1.Pod) error {
		ended = seen
		for _, status := range seen.Status.ContainerStatuses {
			if end := status.State.Terminated; end != nil {
				failed = end.ExitCode != 0
				return nil
			}
		}
		if failed = seen.Status.Phase == corev1.PodFailed; failed { // it was evicted, or not admitted
			return nil
		}
		return fmt.Errorf("pod %s on %s: %s", seen.Name, seen.Spec.NodeName, verify.PodNotReady(seen))
	})
	if err == nil && failed {
		err = verify.Final(fmt.Errorf("pod %s on %s failed: %s", ended.Name, ended.Spec.NodeName, lastOutput(ctx, t, ended)))
	}
	return err
}

// lastOutput is what a pod that failed has printed, or what its status says.
func lastOutput(ctx context.Context, t *verify.Target, pod *corev1.Pod) string {
	log, err := t.Pods.Logs(ctx, probe.Of(t).Probe(pod).PodRef)
	if printed := strings.TrimSpace(log); err == nil && printed != "" {
		return printed
	}
	return verify.PodNotReady(pod)
}

// orUnprovisioned names the provisioner as the cause where the scheduler waits for it:
// the pod's status does not show that.
func orUnprovisioned(ctx context.Context, t *verify.Target, class *storagev1.StorageClass, err error) error {
	if verify.IsFinal(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	claim, getErr := t.Kube.Clientset.CoreV1().PersistentVolumeClaims(probe.NamespacePrefix+t.RunID).Get(ctx, claimName, metav1.GetOptions{})
	if getErr != nil || claim.Status.Phase == corev1.ClaimBound || claim.Annotations[chosenNode] == "" {
		return err
	}
	return withProvisioner(ctx, t, fmt.Errorf("provisioner %s has made no volume for a pod on %s", class.Provisioner, claim.Annotations[chosenNode]))
}

// withProvisioner adds to an error which pods of the provisioner are not ready, and why.
func withProvisioner(ctx context.Context, t *verify.Target, err error) error {
	pods, listErr := t.Kube.Clientset.CoreV1().Pods(provisionerNamespace).List(ctx, metav1.ListOptions{})
	if listErr != nil {
		return err
	}
	waiting := map[string]bool{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if reason := verify.PodNotReady(pod); reason != "" && pod.Status.Phase != corev1.PodSucceeded {
			waiting[pod.Name] = true
			err = fmt.Errorf("%w; pod %s/%s: %s", err, pod.Namespace, pod.Name, reason)
		}
	}
	return probe.Of(t).WithLastEvents(ctx, err, provisionerNamespace, waiting)
}

// withClaimEvents adds to an error what provisioners report of the claim.
func withClaimEvents(ctx context.Context, t *verify.Target, err error) error {
	if verify.IsFinal(err) {
		return err
	}
	return probe.Of(t).WithLastEvents(ctx, err, probe.NamespacePrefix+t.RunID, map[string]bool{claimName: true, writerName: true})
}
