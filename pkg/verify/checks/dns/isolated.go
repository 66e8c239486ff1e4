package dns

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kindctl/kindctl/pkg/verify"
)

// orIsolated says of an error that pods of a namespace get no answers from CoreDNS
// which network policies keep them from it, if any do.
func orIsolated(ctx context.Context, t *verify.Target, namespace string, err error) error {
	if err == nil || verify.IsUnobservable(err) {
		return err
	}
	policies, unseen := t.Kube.Clientset.NetworkingV1().NetworkPolicies(verify.SystemNamespace).List(ctx, metav1.ListOptions{})
	if unseen != nil {
		return err
	}
	servers, unseen := t.SystemPods(ctx, dnsSelector)
	if unseen != nil || len(servers) == 0 {
		return err
	}
	from, unseen := t.Kube.Clientset.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
	if unseen != nil && !apierrors.IsNotFound(unseen) {
		return err
	}
	names := isolating(policies.Items, servers[0], from)
	if len(names) == 0 {
		return err
	}
	return verify.Differs(
		"policy."+strings.Join(names, ","),
		"kubectl -n "+verify.SystemNamespace+" delete networkpolicy "+strings.Join(names, " "),
		fmt.Errorf(
			"network policies in %s keep pods of other namespaces from CoreDNS: %s; %w",
			verify.SystemNamespace,
			strings.Join(names, ", "),
			verify.FirstCause(err),
		),
	)
}

// isolating returns the names of the policies that select a DNS pod, when none of
// them lets a namespace in.
func isolating(policies []networkingv1.NetworkPolicy, server corev1.Pod, from *corev1.Namespace) (names []string) {
	for _, policy := range policies {
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil || !selector.Matches(labels.Set(server.Labels)) ||
			!slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) {
			continue
		}
		if slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool { return letsIn(rule, from) }) {
			return nil
		}
		names = append(names, policy.Name)
	}
	slices.Sort(names)
	return names
}

// letsIn reports whether a rule lets all pods of a namespace ask for names over UDP.
func letsIn(rule networkingv1.NetworkPolicyIngressRule, from *corev1.Namespace) bool {
	port := len(rule.Ports) == 0 || slices.ContainsFunc(rule.Ports, func(port networkingv1.NetworkPolicyPort) bool {
		udp := port.Protocol != nil && *port.Protocol == corev1.ProtocolUDP
		return udp && (port.Port == nil || *port.Port == intstr.FromInt32(dnsPort) || *port.Port == intstr.FromString("dns"))
	})
	peer := len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			return true // which addresses it means is not evaluated
		}
		if peer.NamespaceSelector == nil ||
			peer.PodSelector != nil && len(peer.PodSelector.MatchLabels)+len(peer.PodSelector.MatchExpressions) > 0 {
			return false
		}
		selector, err := metav1.LabelSelectorAsSelector(peer.NamespaceSelector)
		return err == nil && selector.Matches(labels.Set(from.Labels))
	})
	return port && peer
}
