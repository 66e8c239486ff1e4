package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Start plans to start what does not run of a cluster; a plan without steps is
// a cluster that runs. Nodes get the addresses that they had where Docker can
// give them; a cluster with several control planes needs that. One whose control
// planes came back at other addresses, as after a restart of Docker, is stopped
// first. What cannot work is an error.
func (c Cluster) Start(ctx context.Context) (Plan, error) {
	return c.start(ctx, func(m Metadata) error { return m.EnsureWhole(c.Name) })
}

// Wake is Start for whatever is in the nodes: that of a cluster whose reset has not ended, for
// commands in them.
func (c Cluster) Wake(ctx context.Context) (Plan, error) {
	return c.start(ctx, func(Metadata) error { return nil })
}

func (c Cluster) start(ctx context.Context, check func(Metadata) error) (Plan, error) {
	found, err := c.docker.Inventory(ctx, c.Name)
	if err != nil {
		return Plan{}, err
	}
	metadata, _, err := found.Metadata()
	if err == nil {
		err = check(metadata)
	}
	if err != nil {
		return Plan{}, err
	}
	if err := missingContainers(found.Cluster, found.Nodes, metadata.Nodes); err != nil {
		return Plan{}, err
	}
	addresses, err := nodeAddresses(ctx, found.Nodes)
	if err != nil {
		return Plan{}, err
	}
	stopped := slices.ContainsFunc(addresses, func(a nodeAddress) bool { return !a.Running() })
	if !stopped && !slices.ContainsFunc(addresses, nodeAddress.wrong) {
		return Plan{}, nil
	}
	return c.docker.planStart(ctx, addresses)
}

func (d *Docker) planStart(ctx context.Context, addresses []nodeAddress) (plan Plan, err error) {
	state, err := d.inspectNetwork(ctx, addresses[0])
	if err != nil {
		return Plan{}, err
	}
	again := conflict(addresses)
	var stopping []nodeAddress
	if again {
		var steps []Step
		for _, a := range addresses {
			if a.active() {
				stopping = append(stopping, a)
				steps = append(steps, Step{
					Title: fmt.Sprintf("stop %s%s, because control planes are not where they were", a.Name, at(a.address())),
					run:   func(ctx context.Context) error { return a.stop(ctx, stopSeconds) },
				})
			}
		}
		plan.then(steps...)
	}
	elsewhere, err := state.assign(addresses, stopping)
	if err != nil {
		return Plan{}, err
	}
	start := &starting{network: state.id}
	var steps []Step
	anyOrder := true
	for _, a := range addresses {
		switch {
		case a.Paused() && !again:
			steps = append(steps, Step{Title: "unpause " + a.Name, run: a.unpause})
		case !a.active() || again:
			steps = append(steps, Step{
				Title: "start " + a.Name + cmp.Or(elsewhere[a.Name], at(a.desired)),
				run:   func(ctx context.Context) error { return start.one(ctx, a) },
			})
			anyOrder = anyOrder && a.keeps(state.id)
		}
	}
	if anyOrder {
		plan.then(steps...)
		return plan, nil
	}
	for _, step := range steps {
		plan.then(step)
	}
	return plan, nil
}

// keeps reports whether Docker gives the node the address that it is to have on a network,
// whatever is started before it.
func (a nodeAddress) keeps(networkID string) bool {
	return a.desired.IsValid() && a.endpoint != nil && a.endpoint.NetworkID == networkID && a.fixedTo(a.desired)
}

// conflict reports whether a node runs at an address that is not for it.
func conflict(addresses []nodeAddress) bool {
	return slices.ContainsFunc(addresses, func(a nodeAddress) bool {
		return a.wrong() || slices.ContainsFunc(addresses, func(other nodeAddress) bool {
			return other.pinned && other.Name != a.Name && a.active() && a.address() == other.desired
		})
	})
}

// starting starts the nodes of one cluster.
type starting struct {
	network string // its ID

	mu    sync.Mutex
	begun []*Node
}

// kindPolicy is the restart policy of kind's containers, which Stop took away
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provision.go).
var kindPolicy = container.RestartPolicy{Name: container.RestartPolicyOnFailure, MaximumRetryCount: 1}

func (s *starting) one(ctx context.Context, a nodeAddress) error {
	if err := a.fixAddress(ctx, s.network, a.desired); err != nil {
		return err
	}
	if a.policy == container.RestartPolicyDisabled {
		if err := a.setRestartPolicy(ctx, kindPolicy); err != nil {
			return err
		}
	}
	if _, err := a.docker.api.ContainerStart(ctx, a.Name, client.ContainerStartOptions{}); err != nil {
		return startFailure(a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = append(s.begun, a.Node)
	if !a.pinned {
		return nil
	}
	return s.checkAddress(ctx, a)
}

// checkAddress makes sure that a container which can have one address only has it.
// If not, what was started ends again: etcd would wait for its members forever.
func (s *starting) checkAddress(ctx context.Context, a nodeAddress) error {
	inspected, err := a.inspect(ctx)
	if err != nil {
		return err
	}
	now, err := a.docker.nodeOf(inspected)
	if err != nil {
		return err
	}
	if now.ipv6 = a.ipv6; now.address() == a.desired {
		return nil
	}
	err = hint.AddressLost.New(fmt.Sprintf("control plane %s came up at %s, but its peers expect it at %s; Docker keeps no "+
		"addresses in network %s, because it was created without --subnet",
		a.Name, now.address(), a.desired, a.Network),
		fmt.Sprintf("stop what else is on that network, then start again: docker network inspect %s\nor "+
			"recreate the cluster on a network that keeps addresses: kindctl up --network NAME",
			a.Network))
	for _, n := range s.begun {
		err = errors.Join(err, n.stop(context.WithoutCancel(ctx), stopSeconds))
	}
	return err
}

// startFailure says what to do when a port of the host is taken.
func startFailure(a nodeAddress, err error) error {
	err = fmt.Errorf("start %s: %w", a.Name, err)
	if !portTaken(err.Error()) {
		return err
	}
	return hint.PortTaken.Wrap(err, fmt.Sprintf("a port of %s is in use by something else on this host", a.Name),
		"end what listens there, then start again: ss -ltnp")
}

func (n *Node) unpause(ctx context.Context) error {
	if _, err := n.docker.api.ContainerUnpause(ctx, n.Name, client.ContainerUnpauseOptions{}); err != nil {
		return fmt.Errorf("unpause %s: %w", n.Name, err)
	}
	return nil
}

// at is a phrase for an address.
func at(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return " at " + address.String()
}

// stopSeconds is how long a node may take to shut down before it is killed, as
// Docker has it by default. What ends at all when it is told to, ends in a few
// seconds; for a pod that does not, systemd would wait 90.
const stopSeconds = 10

// Stop plans to end all containers of a cluster at once. Those that have ended
// are left alone; a plan without steps is a cluster that does not run.
func (c Cluster) Stop(ctx context.Context) (Plan, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Plan{}, err
	}
	return planStop(ctx, nodes, stopSeconds)
}

// Kill plans to end all nodes of a cluster at once, without time to shut down. The load
// balancer goes on.
func (c Cluster) Kill(ctx context.Context) (Plan, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Plan{}, err
	}
	return planStop(ctx, slices.DeleteFunc(nodes, func(n *Node) bool { return !n.HasKubelet() }), 0)
}

// Vacate stops the load balancer, and has it leave its address to others.
func (c Cluster) Vacate(ctx context.Context) error {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if n.HasKubelet() || n.endpoint == nil {
			continue
		}
		if err := n.stop(ctx, 0); err != nil {
			return err
		}
		if err := n.fixAddress(ctx, n.endpoint.NetworkID, netip.Addr{}); err != nil {
			return err
		}
	}
	return nil
}

func planStop(ctx context.Context, nodes []*Node, seconds int) (Plan, error) {
	if err := detectIPFamily(ctx, nodes); err != nil {
		return Plan{}, err
	}
	var steps []Step
	for _, n := range nodes {
		if n.active() || n.State == string(container.StateRestarting) {
			steps = append(steps, Step{
				Title: fmt.Sprintf("stop %s%s", n.Name, at(n.address())),
				run:   func(ctx context.Context) error { return n.stopAndKeepAddress(ctx, seconds) },
			})
		}
	}
	var plan Plan
	plan.then(steps...)
	return plan, nil
}

// stopAndKeepAddress stops a container, for as long as no one starts it again, and has it
// keep its address where the network lets it.
func (n *Node) stopAndKeepAddress(ctx context.Context, seconds int) error {
	if err := n.stop(ctx, seconds); err != nil {
		return err
	}
	// With kind's policy Docker would start the node again when it starts itself,
	// because a node's systemd ends with an exit code that is not 0.
	if n.policy == container.RestartPolicyOnFailure {
		if err := n.setRestartPolicy(ctx, container.RestartPolicy{Name: container.RestartPolicyDisabled}); err != nil {
			return err
		}
	}
	if !n.address().IsValid() {
		return nil
	}
	return n.fixAddress(ctx, n.endpoint.NetworkID, n.address())
}

func (n *Node) stop(ctx context.Context, seconds int) error {
	if _, err := n.docker.api.ContainerStop(ctx, n.Name, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("stop %s: %w", n.Name, err)
	}
	return nil
}

func (n *Node) setRestartPolicy(ctx context.Context, policy container.RestartPolicy) error {
	if _, err := n.docker.api.ContainerUpdate(ctx, n.Name, client.ContainerUpdateOptions{RestartPolicy: &policy}); err != nil {
		return fmt.Errorf("set the restart policy of %s: %w", n.Name, err)
	}
	return nil
}

// Step is one change to one container.
type Step struct {
	// Title says what it does, for people: "stop lab-worker".
	Title string
	run   func(context.Context) error
}

// Plan is what it takes to stop or to start a cluster: stages one after the
// other, the steps of a stage side by side. Making it changes nothing.
type Plan struct {
	stages [][]Step
}

// then adds a stage, unless it is empty.
func (p *Plan) then(steps ...Step) {
	if len(steps) > 0 {
		p.stages = append(p.stages, steps)
	}
}

// Titles says what Run would do, a line for each step.
func (p Plan) Titles() (titles []string) {
	for _, stage := range p.stages {
		for _, step := range stage {
			titles = append(titles, step.Title)
		}
	}
	return titles
}

// Run does it. The steps of a stage do not end each other; a stage in which one
// failed is the last.
func (p Plan) Run(ctx context.Context, span *event.Span) error {
	total := int64(len(p.Titles()))
	var done atomic.Int64
	for _, stage := range p.stages {
		failures := make([]error, len(stage))
		var group sync.WaitGroup
		for i, step := range stage {
			span.Progress(step.Title, done.Load(), total)
			group.Go(func() {
				failures[i] = step.run(ctx)
				span.Progress(step.Title, done.Add(1), total)
			})
		}
		group.Wait()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := errors.Join(failures...); err != nil {
			return err
		}
	}
	return nil
}
