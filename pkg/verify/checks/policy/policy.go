// Package policy checks that network policies are enforced.
package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// Checks returns the checks of network policies.
func Checks() []verify.Check {
	const look = "look at the policy engine on the nodes named: kubectl -n kube-system get pods -o wide; kubectl -n kube-system logs -l k8s-app=calico-node (or cilium); and for a policy above all namespaces: kubectl api-resources | grep -i networkpolic"
	all := verify.JoinRights(probe.RightsOfFleet, []string{"create,delete networkpolicies.networking.k8s.io"})
	return []verify.Check{
		{
			ID: "netpol.deny", Group: groupPolicy, Title: "A policy that denies all traffic blocks it on every node until it is deleted",
			Proves: "A pod on every node is reachable from its own node and from another. Then a policy isolates these pods: connections must time out (a refusal does not count), also when retried for longer, while a pod that no policy selects stays reachable. Once the policy is deleted, the pods must be reachable again. Kubernetes accepts policies even if nothing enforces them: this is a failure with a CNI that kindctl knows, and a warning with others, because not every CNI enforces policies.",
			Needs: []string{
				"net.pods",
			}, Rights: all, Slow: true, Timeout: policyTimeout, Skip: verify.WithoutCNI, Prefetch: startPolicyPods, Run: denies, Hint: look,
		},
		{
			ID: "netpol.allow", Group: groupPolicy, Title: "A policy that allows one label admits that label alone on every node",
			Proves: "A second policy allows one label. A client with this label, which reached the pods of netpol.deny before any policy but not while all traffic was denied, must reach them now, and clients with another label must not. A policy engine that misses the labels of some pods breaks part of the allowed traffic. Both checks run in one pass and have separate results.",
			Needs:  []string{"netpol.deny"}, Rights: all, Slow: true, Timeout: policyTimeout, Skip: verify.WithoutCNI, Run: allows, Hint: look,
		},
	}
}

// policyTimeout leaves a busy machine time to start the pods. A policy that does
// not work is reported after settleTime, and not tried again.
const policyTimeout = 40 * time.Second

// policyRun tries both policies in one go, because both want the same pods and
// the same waits. netpol.deny does it, and leaves to netpol.allow what it saw.
type policyRun struct {
	mu   sync.Mutex
	left attempt
}

func sharedPolicyRun(t *verify.Target) *policyRun {
	return verify.Shared(t, func(*verify.Target) *policyRun { return &policyRun{} })
}

// attempt is what became of one of the policies.
type attempt struct {
	tried    bool
	evidence verify.Evidence
	err      error
}

func denies(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	deny, allow := tryPolicies(ctx, t)
	sharedPolicyRun(t).keep(allow)
	return deny.evidence, deny.err
}

func allows(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if seen := sharedPolicyRun(t).take(); seen.tried {
		return seen.evidence, seen.err
	}
	deny, allow := tryPolicies(ctx, t)
	if !allow.tried {
		return deny.evidence, deny.err
	}
	return allow.evidence, allow.err
}

// keep leaves a trial, unless it showed nothing.
func (r *policyRun) keep(allow attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = attempt{}
	if allow.tried && !verify.IsUnobservable(allow.err) {
		r.left = allow
	}
}

// take returns what was left, once.
func (r *policyRun) take() (seen attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen, r.left = r.left, attempt{}
	return seen
}

func tryPolicies(ctx context.Context, t *verify.Target) (deny, allow attempt) {
	s, err := fixture(ctx, t)
	if err != nil {
		return attempt{tried: true, err: err}, attempt{}
	}
	deny, allow = s.tryPolicies(ctx, livePolicies{t: t, namespace: s.allowedClient.Namespace})
	if nothing, is := errors.AsType[unenforced](deny.err); is && t.Expect.CNI == verify.NoCNI {
		return withoutEngine(nothing.connections)
	}
	return deny, allow
}

// withoutEngine is the verdict on a CNI that kindctl does not know and that no
// policy has any effect on: it may be designed that way.
func withoutEngine(connections int) (deny, allow attempt) {
	const nothing = "nothing enforces network policies here"
	return attempt{tried: true, err: verify.Warning(fmt.Errorf(nothing+": under one that denies all, all of %d connections reached their pods. Some CNIs, such as flannel, have no policy engine; kindctl does not know the one of this cluster", connections))},
		attempt{tried: true, err: verify.Inapplicable(nothing + ", as netpol.deny found")}
}

// The groups of the checks in this file and its neighbors.
const (
	groupPolicy = "policy"
)
