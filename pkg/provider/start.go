package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Start plans to start what does not run of a cluster; a plan without steps is
// a cluster that runs. Nodes get the addresses that they had where Docker can
// give them; a cluster with several control planes needs that. One whose control
// planes came back at other addresses, as after a restart of Docker, is stopped
// first. What cannot work is an error.
func (c Cluster) Start(ctx context.Context) (Plan, error) {
	found, err := c.docker.Inventory(ctx, c.Name)
	if err != nil {
		return Plan{}, err
	}
	metadata, _ := found.Metadata()
	if err := missingContainers(c.Name, found.Nodes, metadata.Nodes); err != nil {
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
					run:   a.stop,
				})
			}
		}
		plan.then(steps...)
	}
	elsewhere, err := state.assign(addresses, stopping)
	if err != nil {
		return Plan{}, err
	}
	start := starting{network: state.id}
	for _, a := range addresses {
		switch {
		case a.State == string(container.StatePaused) && !again:
			plan.then(Step{Title: "unpause " + a.Name, run: a.unpause})
		case !a.active() || again:
			plan.then(Step{
				Title: "start " + a.Name + cmp.Or(elsewhere[a.Name], at(a.desired)),
				run:   func(ctx context.Context) error { return start.one(ctx, a) },
			})
		}
	}
	return plan, nil
}

// conflict tells whether a node runs at an address that is not for it.
func conflict(addresses []nodeAddress) bool {
	return slices.ContainsFunc(addresses, func(a nodeAddress) bool {
		return a.wrong() || slices.ContainsFunc(addresses, func(other nodeAddress) bool {
			return other.pinned && other.Name != a.Name && a.active() && a.address() == other.desired
		})
	})
}

// starting starts the nodes of one cluster, one after the other.
type starting struct {
	network string // its ID
	begun   []*Node
}

// kindPolicy is the restart policy of kind's containers, which Stop took away
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provision.go).
var kindPolicy = container.RestartPolicy{Name: container.RestartPolicyOnFailure, MaximumRetryCount: 1}

func (s *starting) one(ctx context.Context, a nodeAddress) error {
	if _, err := a.fixAddress(ctx, s.network, a.desired); err != nil {
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
	s.begun = append(s.begun, a.Node)
	if !a.pinned {
		return nil
	}
	return s.checkAddress(ctx, a)
}

// checkAddress makes sure that a container which can have one address only has it.
// If not, what was started ends again: etcd would wait for its members for ever.
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
	err = hint.AddressLost.New(fmt.Sprintf("control plane %s came up at %s, but the others expect it at %s; Docker does not keep addresses in network %s, because it was created without --subnet", a.Name, now.address(), a.desired, a.Network),
		fmt.Sprintf("stop what else is on that network, then start again: docker network inspect %s\nor recreate the cluster on a network that keeps addresses: kindctl up --network NAME", a.Network))
	for _, n := range s.begun {
		err = errors.Join(err, n.stop(context.WithoutCancel(ctx)))
	}
	return err
}

// startFailure says what to do when a port of the host is taken.
func startFailure(a nodeAddress, err error) error {
	err = fmt.Errorf("start %s: %w", a.Name, err)
	if !portTaken(err.Error()) {
		return err
	}
	return hint.PortTaken.Wrap(err, fmt.Sprintf("a port of %s is in use by something else on this host", a.Name), "end what listens there, then start again: ss -ltnp")
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
