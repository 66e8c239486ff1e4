package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

func policyChecks() []Check {
	const look = "look at the policy engine on the nodes named: kubectl -n kube-system get pods -o wide; kubectl -n kube-system logs -l k8s-app=calico-node (or cilium); and for a policy above all namespaces: kubectl api-resources | grep -i networkpolic"
	run := &policyRun{}
	all := rights(RightsOfFleet, []string{"create,delete networkpolicies.networking.k8s.io"})
	return []Check{
		{
			ID: "netpol.deny", Group: groupPolicy, Title: "A policy that denies all traffic blocks it on every node until it is deleted",
			Proves: "A pod on every node is reachable from its own node and from another. Then a policy isolates these pods: connections must time out (a refusal does not count), also in longer attempts, while a pod that no policy selects stays reachable. Then the policy is deleted, and they are reachable again. " +
				"Where nothing enforces policies, they are accepted all the same: a failure with a CNI that kindctl knows, and else a warning, because not every CNI has a policy engine.",
			Needs: []string{"net.pods"}, Rights: all, Slow: true, Timeout: policyTimeout, Skip: withoutCNI, Ahead: startPolicyPods, Run: run.deny, Hint: look,
		},
		{
			ID: "netpol.allow", Group: groupPolicy, Title: "A policy that allows one label admits that label alone on every node",
			Proves: "A client that reached the pods of netpol.deny before any policy, and not under the policy that denies all, reaches them under a second policy that allows its label, while pods with another label still do not. " +
				"An engine that has lost sight of some pods' labels would else break a part of the allowed traffic. Both checks are tried in one go, and each has its own verdict.",
			Needs: []string{"netpol.deny"}, Rights: all, Slow: true, Timeout: policyTimeout, Skip: withoutCNI, Run: run.allow, Hint: look,
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
	of   *Target
	left trial
}

// trial is what became of one of the policies.
type trial struct {
	tried    bool
	evidence Evidence
	err      error
}

func (r *policyRun) deny(ctx context.Context, t *Target) (Evidence, error) {
	deny, allow := t.tryPolicies(ctx)
	r.keep(t, allow)
	return deny.evidence, deny.err
}

func (r *policyRun) allow(ctx context.Context, t *Target) (Evidence, error) {
	if seen := r.take(t); seen.tried {
		return seen.evidence, seen.err
	}
	deny, allow := t.tryPolicies(ctx)
	if !allow.tried {
		return deny.evidence, deny.err
	}
	return allow.evidence, allow.err
}

// keep leaves a trial, unless it showed nothing.
func (r *policyRun) keep(t *Target, allow trial) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of, r.left = nil, trial{}
	if allow.tried && !isUnobservable(allow.err) {
		r.of, r.left = t, allow
	}
}

// take returns what was left for a target, once.
func (r *policyRun) take(t *Target) trial {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of != t {
		return trial{}
	}
	seen := r.left
	r.of, r.left = nil, trial{}
	return seen
}

func (t *Target) tryPolicies(ctx context.Context) (deny, allow trial) {
	s, err := t.policyStand(ctx)
	if err != nil {
		return trial{tried: true, err: err}, trial{}
	}
	deny, allow = s.tryPolicies(ctx, livePolicies{t: t, namespace: s.friend.Namespace})
	if nothing, is := errors.AsType[unenforced](deny.err); is && t.Expect.CNI == unknownCNI {
		return withoutEngine(nothing.connections)
	}
	return deny, allow
}

// withoutEngine is the verdict on a CNI that kindctl does not know and that no
// policy has any effect on: it may well be made like that.
func withoutEngine(connections int) (deny, allow trial) {
	const nothing = "nothing enforces network policies here"
	return trial{tried: true, err: Warning(fmt.Errorf(nothing+": under one that denies all, all of %d connections reached their pods. Some CNIs, such as flannel, have no policy engine; kindctl does not know the one of this cluster", connections))},
		trial{tried: true, err: Inapplicable(nothing + ", as netpol.deny found")}
}
