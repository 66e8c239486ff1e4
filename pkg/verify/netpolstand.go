package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

var (
	targetLabels = map[string]string{"kindctl.dev/policy-target": "yes"}
	friendLabels = map[string]string{"kindctl.dev/friend": "yes"}
)

const friendName = "friend"

// stand are the pods of the policy checks: one target on every node, so that
// an engine which is dead on one of them is found, the fleet as strangers, and
// one friend. Targets and strangers are in the order of their nodes.
type stand struct {
	targets, strangers []Probe
	friend             Probe
}

func (t *Target) policyStand(ctx context.Context) (stand, error) {
	strangers, err := t.Fleet.Ready(ctx)
	if err != nil {
		return stand{}, err
	}
	var pods []*corev1.Pod
	for _, probe := range strangers {
		pods = append(pods, t.probePod("target-"+probe.Node, probe.Node, targetLabels))
	}
	pods = append(pods, t.probePod(friendName, strangers[0].Node, friendLabels))
	for _, pod := range pods {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	probes, err := t.startProbes(ctx, pods)
	if err != nil {
		return stand{}, err
	}
	s := stand{strangers: strangers}
	for _, probe := range probes {
		if probe.Name == friendName {
			s.friend = probe
		} else {
			s.targets = append(s.targets, probe)
		}
	}
	return s, nil
}

// strangerPairs reach every target from its own node and from another.
func (s stand) strangerPairs() (pairs []pair) {
	for i, to := range s.targets {
		pairs = append(pairs, pair{s.strangers[i], to})
		if other := (i + 1) % len(s.strangers); other != i {
			pairs = append(pairs, pair{s.strangers[other], to})
		}
	}
	return pairs
}

func (s stand) friendPairs() (pairs []pair) {
	for _, to := range s.targets {
		pairs = append(pairs, pair{s.friend, to})
	}
	return pairs
}

// openPairs reach pods on every node that no policy selects.
func (s stand) openPairs() (pairs []pair) {
	for i, to := range s.strangers {
		pairs = append(pairs, pair{s.strangers[(i+1)%len(s.strangers)], to})
	}
	return pairs
}

// livePolicies are policies of the cluster, in the namespace of the run.
type livePolicies struct {
	t         *Target
	namespace string
}

func (l livePolicies) apply(ctx context.Context, policy string, from map[string]string) error {
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: targetLabels},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
	}
	if from != nil {
		spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: from}}}}}
	}
	_, err := l.t.Kube.Clientset.NetworkingV1().NetworkPolicies(l.namespace).Create(ctx, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: policy, Labels: map[string]string{RunLabel: l.t.RunID}}, Spec: spec}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create network policy %s: %w", policy, err)
	}
	return nil
}

func (l livePolicies) remove(ctx context.Context, policies ...string) error {
	for _, policy := range policies {
		err := l.t.Kube.Clientset.NetworkingV1().NetworkPolicies(l.namespace).Delete(ctx, policy, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete network policy %s: %w", policy, err)
		}
	}
	return nil
}

func (l livePolicies) connect(ctx context.Context, from, to Probe, patience time.Duration) (sight, error) {
	_, err := from.pods.Exec(ctx, from.PodRef, "/agnhost", "connect", "--timeout="+patience.String(), fmt.Sprintf("%s:%d", to.IP, to.HTTPPort))
	failed, ran := errors.AsType[*kube.ExecError](err)
	if err == nil {
		return reached, nil
	} else if ran {
		for said, saw := range connectionSights {
			if strings.HasPrefix(failed.Stderr, said) {
				return saw, nil
			}
		}
	}
	return "", Unobservable(fmt.Errorf("ask the probe on %s: %w", from.Node, err))
}

// connectionSights are the first words of agnhost connect about a connection
// that it could not open. Others (UNKNOWN) say that it could not try.
var connectionSights = map[string]sight{"TIMEOUT": timedOut, "REFUSED": "refused", "OTHER": "failed otherwise"}
