package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// StartConfig names a cluster, and says how to wait for it and how to verify it.
type StartConfig struct {
	Name string
	// Docker has the cluster.
	Docker *provider.Docker
	// Before are phases that come first, of a reset that ends after the start.
	Before []plan.Phase
	// WaitTimeout bounds each wait for something to become ready.
	WaitTimeout time.Duration
	// Checks are those to run; nil is none.
	Checks health.Checks
	// CNIs are those that are recognized in a cluster without a record.
	CNIs []verify.CNI
	// Workloads returns the names of what a CNI runs in kube-system.
	Workloads func(cni string) []string
	// Rejoin removes the CNI's objects that name nodes at other addresses.
	Rejoin func(ctx context.Context, client *kube.Client, cni string) error
	// Sink receives the events.
	Sink event.Sink
}

// Start starts a stopped cluster.
type Start struct {
	StartConfig

	steps  provider.Plan
	nodes  []*provider.Node
	client *kube.Client
	expect verify.Expectation
	// stopApproving ends the approval of the kubelets' certificates, once it has begun.
	stopApproving func()

	// Ran is true if the cluster ran already and nothing was started.
	Ran bool
	// Report is the verdict on the cluster.
	Report verify.Report
}

// NewStart prepares to start a cluster.
func NewStart(config StartConfig) *Start { return &Start{StartConfig: config} }

// Plan is the recipe of "start". Estimates are for three nodes on two cores.
func (s *Start) Plan() []plan.Phase {
	return append(slices.Clone(s.Before), []plan.Phase{
		{Name: "look", Title: "Inspect the nodes", Estimate: time.Second, Run: s.look},
		{Name: "start", Title: "Start the nodes", Estimate: 5 * time.Second, Skip: s.nothingToStart, Run: s.start},
		{Name: "certificates", Title: "Renew certificates that have expired", Estimate: time.Second, Run: s.renew},
		{Name: "kubeconfig", Title: "Refresh the kubeconfig", Estimate: time.Second, Run: s.refreshKubeconfig},
		{Name: "api", Title: "Wait until the API servers are ready", Estimate: 20 * time.Second, Run: s.waitForAPI},
		{Name: "nodes", Title: "Wait until the nodes are ready", Estimate: 10 * time.Second, Run: s.waitForNodes},
		{Name: "rejoin", Title: "Remove stale node addresses from the CNI", Estimate: time.Second, Skip: s.noCNI, Run: s.rejoin},
		{Name: "workloads", Title: "Wait until the system pods are ready", Estimate: 20 * time.Second, Skip: s.noWorkloads, Run: s.waitForPods},
		{Name: "verify", Title: "Verify every component", Estimate: 15 * time.Second, Skip: s.noChecks, Run: s.verify},
	}...)
}

// undoTimeout bounds the undoing of phases that come before the start.
const undoTimeout = 3 * time.Minute

// Run works through the plan. Nothing of the start is undone when it fails: what was started
// can be looked at, and started or stopped again.
func (s *Start) Run(ctx context.Context) error {
	release, err := runs.Lock(s.Name)
	if err != nil {
		return err
	}
	defer release()
	return s.RunLocked(ctx)
}

// RunLocked is Run for a caller that has locked the cluster.
func (s *Start) RunLocked(ctx context.Context) error {
	s.Docker = s.Docker.WithSink(s.Sink)
	defer s.Close()
	release, err := shareNetwork(ctx, s.cluster())
	if err != nil {
		return err
	}
	defer release()
	return plan.Run(ctx, s.Plan(), plan.Options{Sink: s.Sink, UndoTimeout: undoTimeout})
}

// Close ends what the plan has begun.
func (s *Start) Close() {
	if s.stopApproving != nil {
		s.stopApproving()
	}
}

func (s *Start) cluster() provider.Cluster { return s.Docker.Cluster(s.Name) }

// DryRun returns what Run would do, a line for each step, and changes nothing.
func (s *Start) DryRun(ctx context.Context) (lines []string, err error) {
	if _, err := s.look(ctx, event.Start(event.Discard, event.Event{})); err != nil {
		return nil, err
	}
	lines = s.steps.Titles()
	for _, phase := range s.Plan() {
		if phase.Name != "look" && phase.Name != "start" {
			lines = append(lines, phase.Title)
		}
	}
	return lines, nil
}

// look plans what to start, and refuses what cannot work.
func (s *Start) look(ctx context.Context, _ *event.Span) (_ string, err error) {
	steps := s.cluster().Start
	if len(s.Before) > 0 {
		steps = s.cluster().Wake
	}
	if s.steps, err = steps(ctx); err != nil {
		return "", err
	}
	if s.Ran = len(s.steps.Titles()) == 0; s.Ran {
		return "all of them run", nil
	}
	return "", nil
}

func (s *Start) nothingToStart() string {
	if s.Ran {
		return "they run already"
	}
	return ""
}

func (s *Start) start(ctx context.Context, span *event.Span) (string, error) {
	if err := s.steps.Run(ctx, span); err != nil {
		message := "the nodes of cluster " + s.Name + " could not be started"
		if hint.ReasonOf(err) != "" {
			return "", hint.Keep(err, message)
		}
		return "", hint.StartFailed.Wrap(err, message, "look into a node: docker logs "+s.Name+"-control-plane")
	}
	return "", nil
}

func (s *Start) noCNI() string {
	if s.expect.CNI == "none" {
		return "there is no CNI that kindctl knows"
	}
	return ""
}

func (s *Start) noWorkloads() string {
	if s.expect.ProxyMode == "none" {
		return s.noCNI()
	}
	return ""
}

func (s *Start) noChecks() string {
	if s.Checks == nil {
		return "it was not asked for"
	}
	return ""
}

func (s *Start) verify(ctx context.Context, _ *event.Span) (string, error) {
	var err error
	s.Report, err = health.Verify(ctx, s.client, s.cluster(), s.expect, patient(s.Checks), s.Sink)
	return health.ChecksPassed(s.Report, err)
}

// reconnectTime is how long a client of the API may wait before it tries again to reach an
// API server that was down, CoreDNS for example: 30 s, and up to as much again by chance
// (client-go v0.37, tools/cache/reflector.go). Until then it does not see what is new.
const reconnectTime = 65 * time.Second

// patient gives every check the time that clients of the API take to come back.
func patient(checks health.Checks) health.Checks {
	return func(expect verify.Expectation) ([]verify.Check, error) {
		all, err := checks(expect)
		all = slices.Clone(all)
		for i := range all {
			all[i].Timeout = max(all[i].Timeout, reconnectTime)
		}
		return all, err
	}
}
