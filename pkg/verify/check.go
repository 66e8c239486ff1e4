package verify

import (
	"context"
	"time"
)

// Check proves one statement about a running cluster. A check is data plus
// one function; how it is retried, ordered and shown is the engine's affair.
type Check struct {
	// ID is stable, because CI keys on it: "etcd.quorum".
	ID string
	// Title is a positive statement: "etcd has one leader and a quorum".
	Title string
	// Group is the component that the check is about: "etcd".
	Group string
	// Proves says, in a sentence or two, how the statement is proven, and what
	// would not be noticed otherwise.
	Proves string
	// Needs lists the IDs of checks that must have passed; when one has not,
	// this check is Blocked by it and does not run.
	Needs []string
	// NeededBy is Needs from the other side, for an addon's check that comes
	// before one of the core, which knows no addons.
	NeededBy []string
	// Rights are the requests that the check makes, in the form that Rule reads.
	Rights []string
	// Slow marks a check that makes objects and waits for them, or waits for
	// something to change. A quick verification leaves it out.
	Slow bool
	// Nodes says which nodes have a verdict of their own.
	Nodes Scope
	// AfterWorkloads marks a check of what is ready after the agents on the nodes: CoreDNS and
	// other Deployments of the system.
	AfterWorkloads bool
	// Timeout bounds the check with all its attempts; zero means DefaultTimeout.
	Timeout time.Duration
	// Attempt bounds one attempt; zero leaves it all the time there is, as a
	// check that waits on a watch wants it.
	Attempt time.Duration
	// Advisory makes a failure a warning.
	Advisory bool
	// Differs says what is a difference from what was asked for and no failure, "" for
	// checks that know none.
	Differs string
	// Hint says what to look at when the check fails, with the command to do it.
	Hint string
	// Skip returns the reason why the check cannot apply to the target, or "".
	// A nil Skip always applies.
	Skip func(*Target) string
	// Prefetch, where there is one, creates objects that Run waits for, so that they start
	// while other checks run. kubelet.work calls it beside creating the probes; Run
	// must do without.
	Prefetch func(context.Context, *Target) error
	// AfterHosts has kubelet.work call Prefetch once the probes on the nodes' own networks
	// are ready, so that objects which only this check waits for do not delay the others.
	AfterHosts bool
	// Run makes one attempt. It returns what it saw, for people who want to
	// see the proof, and an error that says what is wrong. The engine calls it
	// again until the deadline, unless the error is Final. An error marked
	// Unobservable means that the check is inconclusive.
	Run func(context.Context, *Target) (Evidence, error)
}

// Evidence is what a check saw, one line each.
type Evidence []string

// DefaultTimeout bounds a check that does not say otherwise.
const DefaultTimeout = 30 * time.Second
