package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

var targetLabels = map[string]string{"kindctl.dev/policy-target": "yes"}

// allowedPodName is the allowed client on a single node.
const allowedPodName = "allowed"

// policyFixture are the pods of the policy checks: one target on every node, so that
// an engine which is dead on one of them is found, and the fleet. One of the
// fleet is the friend, the others are strangers; on a single node the friend is a
// pod of its own. Targets and fleet are in the order of their nodes.
type policyFixture struct {
	targets, fleet []probe.Probe
	allowedClient  probe.Probe
}

func fixture(ctx context.Context, t *verify.Target) (policyFixture, error) {
	fleet, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return policyFixture{}, err
	}
	s := policyFixture{fleet: fleet, allowedClient: fleet[0]}
	var nodes []string
	for _, p := range fleet {
		nodes = append(nodes, p.Node)
	}
	probes, err := probe.Of(t).Start(ctx, policyPods(t, nodes))
	if err != nil {
		return policyFixture{}, err
	}
	for _, p := range probes {
		if p.Name == allowedPodName {
			s.allowedClient = p
		} else {
			s.targets = append(s.targets, p)
		}
	}
	return s, nil
}

// policyPods are those of the stand that are not of the fleet.
func policyPods(t *verify.Target, nodes []string) (pods []*corev1.Pod) {
	for _, node := range nodes {
		pods = append(pods, probe.Of(t).Pod("target-"+node, node, targetLabels))
	}
	if len(nodes) == 1 {
		pods = append(pods, probe.Of(t).Pod(allowedPodName, nodes[0], probe.Allowed))
	}
	for _, pod := range pods {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	return pods
}

func startPolicyPods(ctx context.Context, t *verify.Target) error {
	nodes, err := t.NodeNames(ctx)
	if err != nil {
		return err
	}
	return probe.Of(t).Create(ctx, policyPods(t, nodes))
}

// everyone reaches every target from its own node and from another.
func (s policyFixture) everyone() []probe.Pair { return append(s.deniedPairs(), s.allowedPairs()...) }

// deniedPairs reach every target from its own node and from the next, but not from
// the allowed client.
func (s policyFixture) deniedPairs() (pairs []probe.Pair) {
	for i, to := range s.targets {
		for _, from := range probe.Distinct(s.fleet[i], s.fleet[(i+1)%len(s.fleet)]) {
			if from.Name != s.allowedClient.Name {
				pairs = append(pairs, probe.Pairs([]probe.Probe{from}, to.PerAddress())...)
			}
		}
	}
	return pairs
}

func (s policyFixture) allowedPairs() (pairs []probe.Pair) {
	for _, to := range s.targets {
		pairs = append(pairs, probe.Pairs([]probe.Probe{s.allowedClient}, to.PerAddress())...)
	}
	return pairs
}

// openPairs reach pods on every node that no policy selects.
func (s policyFixture) openPairs() (pairs []probe.Pair) {
	for i, to := range s.fleet {
		pairs = append(pairs, probe.Pairs([]probe.Probe{s.fleet[(i+1)%len(s.fleet)]}, to.PerAddress())...)
	}
	return pairs
}

// livePolicies are policies of the cluster, in the namespace of the run.
type livePolicies struct {
	t         *verify.Target
	namespace string
}

func (l livePolicies) apply(ctx context.Context, policy string, from map[string]string) error {
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: targetLabels},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
	}
	if from != nil {
		spec.Ingress = []networkingv1.NetworkPolicyIngressRule{
			{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: from}}}},
		}
	}
	_, err := l.t.Kube.Clientset.NetworkingV1().NetworkPolicies(l.namespace).Create(ctx, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: policy, Labels: map[string]string{verify.RunLabel: l.t.RunID}}, Spec: spec}, metav1.CreateOptions{})
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

// connect has a probe dial another, and itself at the same time: nothing came
// back from the other only when something did from itself, so that a slow way to
// the probe never passes for a policy at work.
func (l livePolicies) connect(ctx context.Context, from, to probe.Probe, patience time.Duration) (connResult, error) {
	other, itself := ask(ctx, from, to.IP, to.HTTPPort), ask(ctx, from, "localhost", from.HTTPPort)
	var over <-chan time.Time
	for {
		select {
		case got := <-other:
			return got.result(to.Name)
		case got := <-itself:
			if seen, err := got.result(from.Name); err != nil {
				return "", err
			} else if seen != reached {
				return "", verify.Unobservable(fmt.Errorf("the probe on %s does not even reach itself: %s", from.Node, seen))
			}
			over, itself = time.After(patience), nil
		case <-over:
			return timedOut, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// response is what a probe says of one connection.
type response struct {
	answers, failures []string
	err               error
}

// lingering is how long a probe may be left to dial: it gives up after 5 s
// itself, and keeps its connection to whoever asked, which is expensive.
const lingering = 6 * time.Second

func ask(ctx context.Context, p probe.Probe, host string, port int) <-chan response {
	said := make(chan response, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lingering)
		defer cancel()
		var d response
		d.answers, d.failures, d.err = p.Dial(ctx, "http", host, port, 1)
		said <- d
	}()
	return said
}

// result tells what became of the connection to a pod of that name.
func (d response) result(name string) (connResult, error) {
	switch {
	case d.err != nil:
		return "", verify.Unobservable(d.err)
	case slices.Contains(d.answers, name):
		return reached, nil
	case len(d.answers) > 0:
		return connResult("answered by " + d.answers[0]), nil
	case len(d.failures) > 0 && strings.Contains(d.failures[0], "connection refused"):
		return "refused", nil
	}
	return connResult("failed otherwise: " + strings.Join(d.failures, "; ")), nil
}
