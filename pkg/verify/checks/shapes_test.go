package checks

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// restricted are the rules of the restricted level of Pod Security that say
// something of such pods. Each returns what breaks it, or "".
var restricted = []func(corev1.PodSpec) string{
	func(s corev1.PodSpec) string {
		if s.HostNetwork || s.HostPID || s.HostIPC {
			return "a namespace of the host"
		}
		return ""
	},
	func(s corev1.PodSpec) string {
		for _, v := range s.Volumes {
			allowed := v.ConfigMap != nil || v.Secret != nil || v.Projected != nil || v.EmptyDir != nil || v.DownwardAPI != nil || v.CSI != nil ||
				v.PersistentVolumeClaim != nil ||
				v.Ephemeral != nil
			if !allowed {
				return "volume " + v.Name
			}
		}
		return ""
	},
	func(s corev1.PodSpec) string {
		if c := s.SecurityContext; c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.RunAsUser == nil || *c.RunAsUser == 0 {
			return "it may run as root"
		}
		return ""
	},
	func(s corev1.PodSpec) string {
		if c := s.SecurityContext; c == nil || c.SeccompProfile == nil || c.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault ||
			len(c.Sysctls) > 0 ||
			c.AppArmorProfile != nil ||
			c.SELinuxOptions != nil {
			return "seccomp, sysctls, AppArmor or SELinux"
		}
		return ""
	},
	ofContainers(func(c corev1.Container) string {
		own := c.SecurityContext
		switch {
		case own == nil || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation:
			return "privilege escalation"
		case own.Privileged != nil || own.ProcMount != nil || own.SeccompProfile != nil ||
			own.RunAsUser != nil || own.RunAsNonRoot != nil ||
			own.AppArmorProfile != nil || own.SELinuxOptions != nil:
			return "a security context that says more than it must"
		case own.Capabilities == nil || len(own.Capabilities.Add) > 0 || !slices.Equal(own.Capabilities.Drop, []corev1.Capability{"ALL"}):
			return "capabilities"
		}
		return ""
	}),
	ofContainers(func(c corev1.Container) string {
		if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }) {
			return "host ports"
		}
		return ""
	}),
}

func ofContainers(rule func(corev1.Container) string) func(corev1.PodSpec) string {
	return func(s corev1.PodSpec) string {
		if len(s.EphemeralContainers) > 0 {
			return "ephemeral containers"
		}
		for _, c := range append(slices.Clone(s.InitContainers), s.Containers...) {
			if broken := rule(c); broken != "" {
				return broken
			}
		}
		return ""
	}
}

// made records the pods that the checks of the core make, by name.
func made(t *testing.T, nodes int) (pods map[string]corev1.PodSpec) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { pods = makePods(t, nodes) }) // nothing is waited for
	return pods
}

func makePods(t *testing.T, nodes int) (pods map[string]corev1.PodSpec) {
	t.Helper()
	objects := []runtime.Object{verifytest.DNSDeployment(1), verifytest.KubeDNS(), verifytest.DNSPod("dns", "w1", true), verifytest.ReadyNode("cp1")}
	for i := range nodes - 1 {
		objects = append(objects, verifytest.ReadyNode(fmt.Sprintf("w%d", i+1)))
	}
	for _, object := range objects {
		if node, is := object.(*corev1.Node); is {
			node.Status.NodeInfo.MachineID = "machine"
		}
	}
	target := targettest.Stamped(time.Now(), objects...)
	target.Expect = verify.Expectation{ControlPlanes: 1, Workers: nodes - 1, ProbeImage: "probe", Discovered: true}
	target.Pods = verifytest.Pods{OnShell: func(pod kube.PodRef, _ string) (string, error) {
		return fmt.Sprintf("search %s.svc.cluster.local svc.cluster.local\n", pod.Namespace), nil
	}}
	targettest.AllotServices(target, "10.96.0.9")
	var mu sync.Mutex
	pods = map[string]corev1.PodSpec{}
	record := func(name string, spec corev1.PodSpec) {
		mu.Lock()
		defer mu.Unlock()
		pods[name] = *spec.DeepCopy()
	}
	const policyVolume = "machine-id"
	client := target.Kube.Clientset.(*fake.Clientset)
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create := action.(clienttesting.CreateActionImpl)
		pod := create.Object.(*corev1.Pod)
		record(pod.Name, pod.Spec)
		if len(create.CreateOptions.DryRun) > 0 { // as the admission policy leaves it
			admitted := pod.DeepCopy()
			admitted.Spec.Volumes = []corev1.Volume{
				{Name: policyVolume, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc/machine-id"}}},
			}
			for _, path := range []string{"/machine-id-a", "/machine-id-b"} {
				admitted.Spec.Containers[0].VolumeMounts = append(
					admitted.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: policyVolume, MountPath: path},
				)
			}
			return true, admitted, nil
		}
		if pod.Name == "intolerant" {
			pod.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "untolerated taint"},
			}
			return false, nil, nil
		}
		if pod.Spec.NodeName == "" {
			pod.Spec.NodeName = "w1"
		}
		pod.Status = verifytest.SystemPod("", "", nil).Status
		pod.Status.PodIP = fmt.Sprintf("10.244.0.%d", len(pods))
		if pod.Spec.RestartPolicy == corev1.RestartPolicyNever {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
		}
		return false, nil, nil
	})
	client.PrependReactor("create", "replicasets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		set := action.(clienttesting.CreateAction).GetObject().(*appsv1.ReplicaSet)
		record(set.Name, set.Spec.Template.Spec)
		return false, nil, nil
	})
	_ = client.Tracker().
		Add(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}}})
	_ = client.Tracker().
		Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: probe.NamespacePrefix + target.RunID, Name: "kube-root-ca.crt"}, Data: map[string]string{"ca.crt": "pem"}})
	var alone []verify.Check
	for _, check := range Core() {
		if check.Slow { // that make something
			check.Needs = nil
			alone = append(alone, check)
		}
	}
	verify.Run(t.Context(), target, alone, verify.RunOptions{Parallel: len(alone)})
	if err := target.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return pods
}

// shape is what differs among the pods: the rules that one breaks, and what it tolerates.
type shape struct{ breaks, tolerates string }

func shapeOf(t *testing.T, name string, spec corev1.PodSpec) shape {
	t.Helper()
	var breaks, tolerates []string
	for _, rule := range restricted {
		if broken := rule(spec); broken != "" {
			breaks = append(breaks, broken)
		}
	}
	for _, toleration := range spec.Tolerations {
		tolerates = append(tolerates, fmt.Sprintf("%s %s %s", toleration.Key, toleration.Operator, toleration.Effect))
	}
	for _, container := range append(slices.Clone(spec.InitContainers), spec.Containers...) {
		for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if request, limit := container.Resources.Requests[resource], container.Resources.Limits[resource]; request.IsZero() || limit.IsZero() {
				t.Errorf("%s: container %s has no request or no limit of %s", name, container.Name, resource)
			}
		}
	}
	return shape{strings.Join(breaks, ", "), strings.Join(tolerates, ", ")}
}

// TestShapesOfPods: every pod that a check of the core makes meets the restricted
// level but for what it is there for, asks for little and is bounded, and
// tolerates what it must and nothing else. A pod that is new has to be put here.
func TestShapesOfPods(t *testing.T) {
	const everything = " Exists "
	onEveryNode := shape{"", everything}
	onItsNetwork := shape{"a namespace of the host", everything}
	withHostPort := shape{"host ports", everything}
	claimant := shape{"a namespace of the host", verify.ControlPlaneLabel + " Exists NoSchedule"}
	ordinary := shape{}
	want := map[string]shape{
		"probe-cp1": withHostPort, "probe-w1": withHostPort, "target-cp1": onEveryNode, "target-w1": onEveryNode,
		"host-cp1": onItsNetwork, "host-w1": onItsNetwork, "mutated": onItsNetwork,
		"placed": ordinary, "intolerant": ordinary, "reconciled": ordinary,
		"claim-writer": claimant, "claim-reader": claimant,
		"tolerant": {"", verify.ControlPlaneLabel + " Exists NoSchedule"},
	}
	got := map[string]shape{}
	for name, spec := range made(t, 2) {
		got[name] = shapeOf(t, name, spec)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shape{})); diff != "" {
		t.Error(diff)
	}
	const allowed = "allowed"
	alone := made(t, 1)
	if _, is := alone[allowed]; !is {
		t.Fatalf("there is no allowed client on a single node: %v", alone)
	}
	if got := shapeOf(t, allowed, alone[allowed]); got != onEveryNode {
		t.Errorf("%s: %+v", allowed, got)
	}
}
