package dns

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kindctl/kindctl/pkg/verify"
)

func TestIsolating(t *testing.T) {
	udp, tcp, port := corev1.ProtocolUDP, corev1.ProtocolTCP, intstr.FromInt32(53)
	dns := map[string]string{"k8s-app": "kube-dns"}
	policy := func(
		name string, selects map[string]string, types string, rules ...networkingv1.NetworkPolicyIngressRule,
	) networkingv1.NetworkPolicy {
		return networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{
				MatchLabels: selects,
			}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyType(types)}, Ingress: rules}}
	}
	everyNamespace := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{}}}
	ownNamespace := []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}
	labeled := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}}}
	overUDP := []networkingv1.NetworkPolicyPort{{Protocol: &udp, Port: &port}}
	overTCP := []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &port}}
	tests := map[string]struct {
		policies []networkingv1.NetworkPolicy
		want     []string
	}{
		"none":          {nil, nil},
		"all is denied": {[]networkingv1.NetworkPolicy{policy("deny", nil, "Ingress")}, []string{"deny"}},
		"egress":        {[]networkingv1.NetworkPolicy{policy("out", nil, "Egress")}, nil},
		"others":        {[]networkingv1.NetworkPolicy{policy("others", map[string]string{"app": "x"}, "Ingress")}, nil},
		"names may be asked": {
			[]networkingv1.NetworkPolicy{
				policy("deny", nil, "Ingress"),
				policy("dns", dns, "Ingress", networkingv1.NetworkPolicyIngressRule{From: everyNamespace, Ports: overUDP}),
			},
			nil,
		},
		"but over TCP alone": {
			[]networkingv1.NetworkPolicy{policy("dns", dns, "Ingress", networkingv1.NetworkPolicyIngressRule{Ports: overTCP})},
			[]string{"dns"},
		},
		"by its own namespace": {
			[]networkingv1.NetworkPolicy{policy("own", dns, "Ingress", networkingv1.NetworkPolicyIngressRule{From: ownNamespace})},
			[]string{"own"},
		},
		"by another namespace": {
			[]networkingv1.NetworkPolicy{policy("team", dns, "Ingress", networkingv1.NetworkPolicyIngressRule{From: labeled})},
			[]string{"team"},
		},
		"by anybody, on a port": {
			[]networkingv1.NetworkPolicy{policy("open", dns, "Ingress", networkingv1.NetworkPolicyIngressRule{Ports: overUDP})},
			nil,
		},
	}
	server := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: dns}}
	from := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kindctl-verify-x", Labels: map[string]string{verify.RunLabel: "x"}}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, isolating(test.policies, server, from)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
