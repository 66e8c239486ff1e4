package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

func policyChecks() []Check {
	const look = "look at the policy engine on the nodes named: kubectl -n kube-system get pods -o wide; kubectl -n kube-system logs -l k8s-app=calico-node (or cilium)"
	return []Check{
		{
			ID: "netpol.deny", Group: groupPolicy, Title: "A policy that denies all traffic stops it on every node, until it is deleted",
			Needs: []string{"net.pods"}, Timeout: 60 * time.Second, Skip: withoutCNI, Run: denied, Hint: look,
		},
		{
			ID: "netpol.allow", Group: groupPolicy, Title: "A policy that allows one label lets it pass on every node, and no other",
			Needs: []string{"netpol.deny"}, Timeout: 60 * time.Second, Skip: withoutCNI, Run: allowed, Hint: look,
		},
	}
}

const (
	policyTargetLabel = "kindctl.dev/policy-target"
	friendLabel       = "kindctl.dev/friend"
)

// dialTimeout is how long a connection may take before it counts as blocked.
// Between nodes of one machine it takes less than a millisecond.
const dialTimeout = 500 * time.Millisecond

// stand are the pods of the policy checks: one target on every node, so that
// an engine which is dead on one of them is found, the fleet as strangers, and
// one friend.
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
		pods = append(pods, t.probePod("target-"+probe.Node, probe.Node, map[string]string{policyTargetLabel: "yes"}))
	}
	pods = append(pods, t.probePod("friend", strangers[0].Node, map[string]string{friendLabel: "yes"}))
	for _, pod := range pods {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	probes, err := t.startProbes(ctx, pods)
	if err != nil {
		return stand{}, err
	}
	s := stand{strangers: strangers}
	for _, probe := range probes {
		if probe.Name == "friend" {
			s.friend = probe
		} else {
			s.targets = append(s.targets, probe)
		}
	}
	return s, nil
}

// denied: reachable, then a policy, then timeouts that last, then reachable again.
func denied(ctx context.Context, t *Target) (Evidence, error) {
	s, err := t.policyStand(ctx)
	if err != nil {
		return nil, err
	}
	if err := expectAll(ctx, s.strangers, s.targets, reached); err != nil {
		return nil, fmt.Errorf("before any policy: %w", err)
	}
	remove, err := t.applyPolicy(ctx, "deny", nil)
	if err != nil {
		return nil, err
	}
	defer remove(context.WithoutCancel(ctx)) //nolint:errcheck // the namespace goes anyway
	if err := settleOn(ctx, s.strangers, s.targets, timedOut); err != nil {
		return nil, fmt.Errorf("under a policy that denies all: %w", err)
	}
	if err := expectAll(ctx, s.strangers, s.targets, timedOut); err != nil { // it must last
		return nil, fmt.Errorf("later under a policy that denies all: %w", err)
	}
	if err := remove(ctx); err != nil {
		return nil, err
	}
	if err := settleOn(ctx, s.strangers, s.targets, reached); err != nil {
		return nil, fmt.Errorf("after the policy was deleted: %w", err)
	}
	return Evidence{fmt.Sprintf("%d probes, %d targets: reached, timed out twice, reached again", len(s.strangers), len(s.targets))}, nil
}

// allowed: under a policy for one label, the friend passes and strangers do not.
func allowed(ctx context.Context, t *Target) (Evidence, error) {
	s, err := t.policyStand(ctx)
	if err != nil {
		return nil, err
	}
	remove, err := t.applyPolicy(ctx, "allow", map[string]string{friendLabel: "yes"})
	if err != nil {
		return nil, err
	}
	defer remove(context.WithoutCancel(ctx)) //nolint:errcheck // the namespace goes anyway
	if err := settleOn(ctx, s.strangers, s.targets, timedOut); err != nil {
		return nil, fmt.Errorf("strangers under a policy for friends: %w", err)
	}
	if err := settleOn(ctx, []Probe{s.friend}, s.targets, reached); err != nil {
		return nil, fmt.Errorf("a friend under a policy for friends: %w", err)
	}
	return Evidence{fmt.Sprintf("the friend reached %d targets, %d strangers timed out", len(s.targets), len(s.strangers))}, remove(ctx)
}

// applyPolicy isolates the targets, but for pods with the labels, and returns
// what takes the policy away again.
func (t *Target) applyPolicy(ctx context.Context, name string, from map[string]string) (remove func(context.Context) error, err error) {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return nil, err
	}
	policies := t.Kube.Clientset.NetworkingV1().NetworkPolicies(namespace)
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{policyTargetLabel: "yes"}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
	}
	if from != nil {
		spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: from}}}}}
	}
	_, err = policies.Create(ctx, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{RunLabel: t.RunID}}, Spec: spec}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create network policy %s: %w", name, err)
	}
	return func(ctx context.Context) error {
		if err := policies.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete network policy %s: %w", name, err)
		}
		return nil
	}, nil
}

// sight is what became of one connection.
type sight string

const (
	reached  sight = "reached"
	timedOut sight = "timed out"
)

// settleTime bounds how long an engine may take to follow a change of policy.
const settleTime = 15 * time.Second

// settleOn tries until all pairs show what is wanted, or the time is over. A
// round is never cut short, so that what it saw is told.
func settleOn(ctx context.Context, from, to []Probe, want sight) error {
	deadline := time.Now().Add(settleTime)
	for {
		err := expectAll(ctx, from, to, want)
		if err == nil || isUnobservable(err) || time.Now().After(deadline) {
			return err
		}
	}
}

// expectAll connects from every probe to every target and wants the same sight
// of all. Traffic between a pod and its own node's kubelet does not count here.
func expectAll(ctx context.Context, from, to []Probe, want sight) error {
	var mu sync.Mutex
	var broken []string
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelDials)
	for _, source := range from {
		for _, target := range to {
			group.Go(func() error {
				got, err := connect(ctx, source, target)
				if err != nil {
					return err
				}
				if got != want {
					mu.Lock()
					defer mu.Unlock()
					broken = append(broken, fmt.Sprintf("%s -> %s: %s, want: %s", source.Node, target.Node, got, want))
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	slices.Sort(broken)
	return allOrError(broken)
}

// connect opens one connection. Every failure but a timeout is a sight of its
// own, so that a refusal never passes for a policy at work.
func connect(ctx context.Context, from, to Probe) (sight, error) {
	_, err := from.pods.Exec(ctx, from.PodRef, "/agnhost", "connect", "--timeout="+dialTimeout.String(), fmt.Sprintf("%s:%d", to.IP, to.HTTPPort))
	var failed *kube.ExecError
	switch {
	case err == nil:
		return reached, nil
	case !errors.As(err, &failed):
		return "", Unobservable(fmt.Errorf("ask the probe on %s: %w", from.Node, err))
	case strings.Contains(failed.Stderr, "TIMEOUT"):
		return timedOut, nil
	}
	return sight(strings.TrimSpace(failed.Stderr)), nil
}
