package verify

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
)

var (
	targetLabels = map[string]string{"kindctl.dev/policy-target": "yes"}
	// loneFriend is the friend on a single node.
	loneFriend = map[string]string{"kindctl.dev/friend": "yes"}
)

const friendName = "friend"

// stand are the pods of the policy checks: one target on every node, so that
// an engine which is dead on one of them is found, and the fleet. One of the
// fleet is the friend, the others are strangers; on a single node the friend is a
// pod of its own. Targets and fleet are in the order of their nodes.
type stand struct {
	targets, fleet []Probe
	friend         Probe
	// friendly are the labels by which a policy knows the friend.
	friendly map[string]string
}

func (t *Target) policyStand(ctx context.Context) (stand, error) {
	fleet, err := t.Fleet.Ready(ctx)
	if err != nil {
		return stand{}, err
	}
	s := stand{fleet: fleet, friend: fleet[0], friendly: map[string]string{nodeLabel: nodeKey(fleet[0].Node)}}
	if len(fleet) == 1 {
		s.friendly = loneFriend
	}
	var nodes []string
	for _, probe := range fleet {
		nodes = append(nodes, probe.Node)
	}
	probes, err := t.startProbes(ctx, t.policyPods(nodes))
	if err != nil {
		return stand{}, err
	}
	for _, probe := range probes {
		if probe.Name == friendName {
			s.friend = probe
		} else {
			s.targets = append(s.targets, probe)
		}
	}
	return s, nil
}

// policyPods are those of the stand that are not of the fleet.
func (t *Target) policyPods(nodes []string) (pods []*corev1.Pod) {
	for _, node := range nodes {
		pods = append(pods, t.probePod("target-"+node, node, targetLabels))
	}
	if len(nodes) == 1 {
		pods = append(pods, t.probePod(friendName, nodes[0], loneFriend))
	}
	for _, pod := range pods {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	return pods
}

func startPolicyPods(ctx context.Context, t *Target) error {
	nodes, err := t.nodeNames(ctx)
	if err != nil {
		return err
	}
	return t.createPods(ctx, t.policyPods(nodes))
}

// everyone reaches every target from its own node and from another.
func (s stand) everyone() []pair { return append(s.strangerPairs(), s.friendPairs()...) }

// strangerPairs reach every target from its own node and from the next, but
// where the friend is.
func (s stand) strangerPairs() (pairs []pair) {
	for i, to := range s.targets {
		for _, from := range distinct(s.fleet[i], s.fleet[(i+1)%len(s.fleet)]) {
			if from.Name != s.friend.Name {
				pairs = append(pairs, pairsOf([]Probe{from}, to.Faces())...)
			}
		}
	}
	return pairs
}

func (s stand) friendPairs() (pairs []pair) {
	for _, to := range s.targets {
		pairs = append(pairs, pairsOf([]Probe{s.friend}, to.Faces())...)
	}
	return pairs
}

// openPairs reach pods on every node that no policy selects.
func (s stand) openPairs() (pairs []pair) {
	for i, to := range s.fleet {
		pairs = append(pairs, pairsOf([]Probe{s.fleet[(i+1)%len(s.fleet)]}, to.Faces())...)
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

// connect has a probe dial another, and itself at the same time: nothing came
// back from the other only when something did from itself, so that a slow way to
// the probe never passes for a policy at work.
func (l livePolicies) connect(ctx context.Context, from, to Probe, patience time.Duration) (sight, error) {
	other, itself := from.ask(ctx, to.IP, to.HTTPPort), from.ask(ctx, "localhost", from.HTTPPort)
	var over <-chan time.Time
	for {
		select {
		case got := <-other:
			return got.sight(to.Name)
		case got := <-itself:
			if seen, err := got.sight(from.Name); err != nil {
				return "", err
			} else if seen != reached {
				return "", Unobservable(fmt.Errorf("the probe on %s does not even reach itself: %s", from.Node, seen))
			}
			over, itself = time.After(patience), nil
		case <-over:
			return timedOut, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// heard is what a probe says of one connection.
type heard struct {
	answers, failures []string
	err               error
}

// lingering is how long a probe may be left to dial: it gives up after 5 s
// itself, and keeps its connection to whoever asked, which is dear.
const lingering = 6 * time.Second

func (p Probe) ask(ctx context.Context, host string, port int) <-chan heard {
	said := make(chan heard, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lingering)
		defer cancel()
		var d heard
		d.answers, d.failures, d.err = p.Dial(ctx, "http", host, port, 1)
		said <- d
	}()
	return said
}

// sight tells what became of the connection to a pod of that name.
func (d heard) sight(name string) (sight, error) {
	switch {
	case d.err != nil:
		return "", Unobservable(d.err)
	case slices.Contains(d.answers, name):
		return reached, nil
	case len(d.answers) > 0:
		return sight("answered by " + d.answers[0]), nil
	case len(d.failures) > 0 && strings.Contains(d.failures[0], "connection refused"):
		return "refused", nil
	}
	return sight("failed otherwise: " + strings.Join(d.failures, "; ")), nil
}
