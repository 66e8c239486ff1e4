package admission

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const machine = "0123456789abcdef0123456789abcdef"

// given is what the policy makes of a pod.
func given(pod *corev1.Pod) {
	pod.Spec.Volumes = []corev1.Volume{
		{Name: policyVolume, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: machineIDFile}}},
	}
	pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{
		{Name: policyVolume, MountPath: "/machine-id-a"},
		{Name: policyVolume, MountPath: "/machine-id-b"},
	}
}

// admits answers for an API server and a kubelet: it mutates new pods, and
// those which are not only tried are ready at once.
func admits(target *verify.Target, mutate func(pod *corev1.Pod, dryRun bool)) {
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create := action.(clienttesting.CreateActionImpl)
		pod := create.GetObject().(*corev1.Pod)
		dryRun := slices.Contains(create.CreateOptions.DryRun, metav1.DryRunAll)
		if dryRun {
			pod = pod.DeepCopy()
		}
		mutate(pod, dryRun)
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}}
		return dryRun, pod, nil
	})
}

func TestPolicyGivesVolume(t *testing.T) {
	both := func(pod *corev1.Pod, _ bool) { given(pod) }
	holds := func(a, b string) func(kube.PodRef, []string) (string, error) {
		return func(pod kube.PodRef, command []string) (string, error) {
			if pod.Name != mutatedPod || strings.Join(command, " ") != "cat /machine-id-a /machine-id-b" || b == "" {
				return "", &kube.ExecError{Command: command, ExitCode: 1}
			}
			return a + "\n" + b + "\n", nil
		}
	}
	tests := map[string]struct {
		mutate func(*corev1.Pod, bool)
		exec   func(kube.PodRef, []string) (string, error)
		want   string
	}{
		"given": {both, holds(machine, machine), ""},
		"not given": {func(*corev1.Pod, bool) {}, holds(machine, machine),
			"pod mutated: it was admitted without the volume that policy kindctl-verify-"},
		"by one API server alone": {func(pod *corev1.Pod, dryRun bool) {
			if dryRun {
				given(pod)
			}
		}, holds(machine, machine), "it was admitted without the volume"},
		"mounted once": {func(pod *corev1.Pod, _ bool) {
			given(pod)
			pod.Spec.Containers[0].VolumeMounts = pod.Spec.Containers[0].VolumeMounts[:1]
		}, holds(machine, machine), `it was admitted with the mounts ["machine-id /machine-id-a"]`},
		"two volumes": {func(pod *corev1.Pod, _ bool) {
			given(pod)
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "more"})
		}, holds(machine, machine), `it was admitted with the volumes ["machine-id /etc/machine-id" "more of another kind"]`},
		"another machine": {both, holds(machine, "fedcba"), `w2: mutated: /machine-id-a and /machine-id-b hold ["` + machine + `" "fedcba"], the node's machine ID is "` + machine},
		"no file":         {both, holds(machine, ""), "w2: mutated: read /machine-id-a and /machine-id-b: cat: exit code 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.Stamped(
				targettest.OtherClock,
				verifytest.SmallCluster(func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["w2"].Status.NodeInfo.MachineID = machine })...)
			target.Pods = verifytest.Pods{OnExec: test.exec}
			admits(target, test.mutate)
			evidence, err := policyGivesVolume(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 2 {
				t.Errorf("evidence %q", evidence)
			}
			if err := target.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if left := policyNames(t, target); len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestPolicyDoesNotApply(t *testing.T) {
	target := targettest.Stamped(targettest.OtherClock, verifytest.SmallCluster(nil)...)
	_, err := policyGivesVolume(t.Context(), target)
	verifytest.WantErr(t, err, "w2 reports no machine ID")
	if !verify.IsInapplicable(err) {
		t.Errorf("%v is a failure", err)
	}
	target = targettest.Stamped(targettest.OtherClock)
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("*", "mutatingadmissionpolicies", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(schema.GroupResource{}, "")
	})
	_, err = policyGivesVolume(t.Context(), target)
	verifytest.WantErr(t, err, "the API server does not serve MutatingAdmissionPolicy")
	if !verify.IsInapplicable(err) {
		t.Errorf("%v is a failure", err)
	}
}

// policyNames are those of all policies and bindings that are there.
func policyNames(t *testing.T, target *verify.Target) (names []string) {
	t.Helper()
	client := target.Kube.Clientset.AdmissionregistrationV1()
	policies, err := client.MutatingAdmissionPolicies().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bindings, err := client.MutatingAdmissionPolicyBindings().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, policy := range policies.Items {
		names = append(names, "policy "+policy.Name)
	}
	for _, binding := range bindings.Items {
		names = append(names, "binding "+binding.Name)
	}
	return names
}

func TestCloseRemovesPoliciesOfRunsThatAreOver(t *testing.T) {
	of := func(run string) []runtime.Object {
		meta := metav1.ObjectMeta{Name: probe.NamespacePrefix + run, Labels: map[string]string{verify.RunLabel: run}}
		return []runtime.Object{
			&admissionv1.MutatingAdmissionPolicy{ObjectMeta: meta},
			&admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: meta},
		}
	}
	foreign := &admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}
	objects := append(of("alive"), of("killed")...)
	target := targettest.Stamped(targettest.OtherClock, append(objects, foreign, targettest.RunNamespace("alive"))...)
	if _, err := probe.Of(target).Namespace(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := createPolicy(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(t.Context()); err != nil {
		t.Error(err)
	}
	want := []string{"policy " + probe.NamespacePrefix + "alive", "policy theirs", "binding " + probe.NamespacePrefix + "alive"}
	if diff := cmp.Diff(want, policyNames(t, target)); diff != "" {
		t.Error(diff)
	}
}

// TestCloseAsksForNoPoliciesThatItDidNotMake: that would take rights.
func TestCloseAsksForNoPoliciesThatItDidNotMake(t *testing.T) {
	target := targettest.Stamped(targettest.OtherClock)
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("*", "mutatingadmissionpolicybindings", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("forbidden")
	})
	if _, err := probe.Of(target).Namespace(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := target.Close(ctx); err != nil {
		t.Error(err)
	}
}
