package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// policyEngine is where policies are tried.
type policyEngine interface {
	// connect opens one connection and waits for it at most for the time given.
	connect(ctx context.Context, from, to probe.Probe, patience time.Duration) (connResult, error)
	// apply isolates the targets, but for pods with the labels if there are any.
	apply(ctx context.Context, policy string, from map[string]string) error
	// remove deletes policies, where they are.
	remove(ctx context.Context, policies ...string) error
}

// connResult is what became of one connection. There are others than these: a
// refusal never passes for a policy at work.
type connResult string

const (
	reached  connResult = "reached"
	timedOut connResult = "timed out"
)

// A connection between nodes of one machine takes less than a millisecond. A
// brief one counts as blocked after a time in which the first packet goes
// unanswered; a firm one sees the second go unanswered too, which Linux sends
// after a second.
const (
	brief = 500 * time.Millisecond
	firm  = 1200 * time.Millisecond
	// unhurried is less than a probe takes to give up by itself, which is 5 s.
	unhurried = 4 * time.Second
)

const (
	denyPolicy  = "deny"
	allowPolicy = "allow"
)

// tryPolicies goes through both policies. When the first does not work, the
// second is not tried.
func (s policyFixture) tryPolicies(ctx context.Context, field policyEngine) (deny, allow attempt) {
	deny.tried = true
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
		defer cancel()
		_ = field.remove(ctx, denyPolicy, allowPolicy) // the namespace goes anyway
	}()
	if deny.err = expect(ctx, field, brief, expecting(reached, s.everyone())); deny.err != nil {
		deny.err = fmt.Errorf("before any policy: %w", deny.err)
		return deny, allow
	}
	if deny.evidence, deny.err = s.denied(ctx, field); deny.err != nil {
		return deny, allow
	}
	allow.tried = true
	allow.evidence, allow.err = s.allowed(ctx, field)
	lifted, err := s.lifted(ctx, field)
	deny.evidence, deny.err = append(deny.evidence, lifted...), err
	return deny, allow
}

// removeTime bounds the removal of what an interrupted trial leaves.
const removeTime = 5 * time.Second

// denied: under a policy that denies all, everyone times out, and goes on to,
// but reaches what is not selected.
func (s policyFixture) denied(ctx context.Context, field policyEngine) (verify.Evidence, error) {
	const under = "under a policy that denies all"
	if err := field.apply(ctx, denyPolicy, nil); err != nil {
		return nil, err
	}
	everyone := s.everyone()
	took, err := waitForPolicy(ctx, field, expecting(timedOut, everyone))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", under, orUnenforced(err, len(everyone)))
	}
	if err := last(expect(ctx, field, firm, expecting(timedOut, everyone), expecting(reached, s.openPairs()))); err != nil {
		return nil, fmt.Errorf("later %s: %w", under, err)
	}
	return verify.Evidence{
		fmt.Sprintf("before: %d connections to %d targets reached them", len(everyone), len(s.targets)),
		fmt.Sprintf("%s: all timed out %s after its creation, and again for %s; %d to pods that it does not select reached them", under, took, firm, len(s.openPairs())),
	}, nil
}

// allowed: under a second policy, for one label, that label passes and no other.
func (s policyFixture) allowed(ctx context.Context, field policyEngine) (verify.Evidence, error) {
	if err := field.apply(ctx, allowPolicy, probe.Allowed); err != nil {
		return nil, err
	}
	took, err := waitForPolicy(ctx, field, expecting(reached, s.allowedPairs()))
	if err != nil {
		return nil, fmt.Errorf("an allowed client under a policy that allows its label: %w", err)
	}
	if err := last(expect(ctx, field, firm, expecting(timedOut, s.deniedPairs()), expecting(reached, s.allowedPairs()))); err != nil {
		return nil, fmt.Errorf("under a policy that allows one label: %w", err)
	}
	return verify.Evidence{fmt.Sprintf("the allowed client on %s reached %d targets %s after the policy's creation, while %d connections of others timed out",
		s.allowedClient.Node, len(s.targets), took, len(s.deniedPairs()))}, nil
}

// lifted: without the policies, everyone is let in again.
func (s policyFixture) lifted(ctx context.Context, field policyEngine) (verify.Evidence, error) {
	if err := field.remove(ctx, denyPolicy, allowPolicy); err != nil {
		return nil, err
	}
	took, err := waitForPolicy(ctx, field, expecting(reached, s.deniedPairs()))
	if err != nil {
		return nil, fmt.Errorf("after the policies were deleted: %w", err)
	}
	return verify.Evidence{fmt.Sprintf("after its deletion: all reached again within %s", took)}, nil
}

// last marks what was seen as final: a trial has its own patience.
func last(err error) error {
	if err == nil || verify.IsUnobservable(err) {
		return err
	}
	return verify.Final(err)
}

// unenforced is what became of a policy that no node has taken any notice of.
type unenforced struct {
	error
	connections int // that reached their targets even so
}

func (u unenforced) Unwrap() error { return u.error }

// orUnenforced tells a policy that stopped none of the connections, to the end of
// the time that an engine has, from one that stopped some.
func orUnenforced(err error, connections int) error {
	unmet, _ := errors.AsType[mismatches](err)
	for _, w := range unmet {
		if w.got != reached {
			return err
		}
	}
	if len(unmet) < connections || !verify.IsFinal(err) {
		return err
	}
	return unenforced{err, connections}
}
