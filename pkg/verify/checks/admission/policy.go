package admission

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const (
	admissionLabel = "kindctl.dev/admission"
	policyVolume   = "machine-id"
	machineIDFile  = "/etc/machine-id"
)

// mountPaths are where the volume is mounted, sorted.
var mountPaths = []string{"/machine-id-a", "/machine-id-b"}

// rightsOfPolicies go with createPolicy and what it leaves to Close.
var rightsOfPolicies = []string{
	"create,list,delete mutatingadmissionpolicies.admissionregistration.k8s.io",
	"create,list,delete mutatingadmissionpolicybindings.admissionregistration.k8s.io",
}

// createPolicy makes the run's policy and its binding, once. They select pods
// of the run's own namespace alone, and there only those with a label.
func createPolicy(ctx context.Context, t *verify.Target) error {
	client, name := t.Kube.Clientset.AdmissionregistrationV1(), probe.NamespacePrefix+t.RunID
	probe.RegisterCleanup(t, "MutatingAdmissionPolicyBinding", client.MutatingAdmissionPolicyBindings().List, client.MutatingAdmissionPolicyBindings().Delete)
	probe.RegisterCleanup(t, "MutatingAdmissionPolicy", client.MutatingAdmissionPolicies().List, client.MutatingAdmissionPolicies().Delete)
	meta := metav1.ObjectMeta{Name: name, Labels: map[string]string{verify.RunLabel: t.RunID}}
	_, err := client.MutatingAdmissionPolicies().
		Create(ctx, &admissionv1.MutatingAdmissionPolicy{ObjectMeta: meta, Spec: policySpec(t)}, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		return verify.Inapplicable("the API server does not serve MutatingAdmissionPolicy in admissionregistration.k8s.io/v1, as Kubernetes does since 1.36")
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create MutatingAdmissionPolicy %s: %w", name, err)
	}
	_, err = client.MutatingAdmissionPolicyBindings().Create(ctx, &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: meta, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create MutatingAdmissionPolicyBinding %s: %w", name, err)
	}
	return nil
}

func policySpec(t *verify.Target) admissionv1.MutatingAdmissionPolicySpec {
	fail := admissionv1.Fail
	mount := func(path string) string {
		return fmt.Sprintf(`Object.spec.containers.volumeMounts{name: %q, mountPath: %q, readOnly: true}`, policyVolume, path)
	}
	return admissionv1.MutatingAdmissionPolicySpec{
		FailurePolicy:      &fail,
		ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{verify.RunLabel: t.RunID}},
			ObjectSelector:    &metav1.LabelSelector{MatchLabels: map[string]string{admissionLabel: mutatedPod}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}}},
		},
		Mutations: []admissionv1.Mutation{{
			PatchType: admissionv1.PatchTypeApplyConfiguration,
			ApplyConfiguration: &admissionv1.ApplyConfiguration{Expression: fmt.Sprintf(`Object{spec: Object.spec{
  volumes: [Object.spec.volumes{name: %q, hostPath: Object.spec.volumes.hostPath{path: %q, type: %q}}],
  containers: [Object.spec.containers{name: object.spec.containers[0].name, volumeMounts: [%s, %s]}]
}}`, policyVolume, machineIDFile, corev1.HostPathFile, mount(mountPaths[0]), mount(mountPaths[1]))},
		}},
	}
}
