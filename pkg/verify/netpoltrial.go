package verify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// policyField is where policies are tried.
type policyField interface {
	// connect opens one connection and waits for it at most for the time given.
	connect(ctx context.Context, from, to Probe, patience time.Duration) (sight, error)
	// apply isolates the targets, but for pods with the labels if there are any.
	apply(ctx context.Context, policy string, from map[string]string) error
	// remove deletes policies, where they are.
	remove(ctx context.Context, policies ...string) error
}

// sight is what became of one connection. There are others than these: a
// refusal never passes for a policy at work.
type sight string

const (
	reached  sight = "reached"
	timedOut sight = "timed out"
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
func (s stand) tryPolicies(ctx context.Context, field policyField) (deny, allow trial) {
	deny.tried = true
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
		defer cancel()
		_ = field.remove(ctx, denyPolicy, allowPolicy) // the namespace goes anyway
	}()
	if deny.err = expect(ctx, field, brief, wish(reached, s.everyone())); deny.err != nil {
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
func (s stand) denied(ctx context.Context, field policyField) (Evidence, error) {
	const under = "under a policy that denies all"
	if err := field.apply(ctx, denyPolicy, nil); err != nil {
		return nil, err
	}
	everyone := s.everyone()
	took, err := settle(ctx, field, wish(timedOut, everyone))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", under, orUnenforced(err, len(everyone)))
	}
	if err := last(expect(ctx, field, firm, wish(timedOut, everyone), wish(reached, s.openPairs()))); err != nil {
		return nil, fmt.Errorf("later %s: %w", under, err)
	}
	return Evidence{
		fmt.Sprintf("before: %d connections to %d targets reached them", len(everyone), len(s.targets)),
		fmt.Sprintf("%s: all timed out %s after its creation, and again for %s; %d to pods that it does not select reached them", under, took, firm, len(s.openPairs())),
	}, nil
}

// allowed: under a second policy, for one label, that label passes and no other.
func (s stand) allowed(ctx context.Context, field policyField) (Evidence, error) {
	if err := field.apply(ctx, allowPolicy, s.friendly); err != nil {
		return nil, err
	}
	took, err := settle(ctx, field, wish(reached, s.friendPairs()))
	if err != nil {
		return nil, fmt.Errorf("a friend under a policy for friends: %w", err)
	}
	if err := last(expect(ctx, field, firm, wish(timedOut, s.strangerPairs()), wish(reached, s.friendPairs()))); err != nil {
		return nil, fmt.Errorf("under a policy for friends: %w", err)
	}
	return Evidence{fmt.Sprintf("the friend on %s reached %d targets %s after the policy's creation, while %d connections of others timed out",
		s.friend.Node, len(s.targets), took, len(s.strangerPairs()))}, nil
}

// lifted: without the policies, everyone is let in again.
func (s stand) lifted(ctx context.Context, field policyField) (Evidence, error) {
	if err := field.remove(ctx, denyPolicy, allowPolicy); err != nil {
		return nil, err
	}
	took, err := settle(ctx, field, wish(reached, s.strangerPairs()))
	if err != nil {
		return nil, fmt.Errorf("after the policies were deleted: %w", err)
	}
	return Evidence{fmt.Sprintf("after its deletion: all reached again within %s", took)}, nil
}

// last marks what was seen as final: a trial has its own patience.
func last(err error) error {
	if err == nil || isUnobservable(err) {
		return err
	}
	return Final(err)
}

// unenforced is what became of a policy that no node has taken any notice of.
type unenforced struct {
	error
	connections int // that reached their targets all the same
}

func (u unenforced) Unwrap() error { return u.error }

// orUnenforced tells a policy that stopped none of the connections, to the end of
// the time that an engine has, from one that stopped some.
func orUnenforced(err error, connections int) error {
	unmet, _ := errors.AsType[disappointment](err)
	for _, w := range unmet {
		if w.got != reached {
			return err
		}
	}
	if len(unmet) < connections || !isFinal(err) {
		return err
	}
	return unenforced{err, connections}
}
