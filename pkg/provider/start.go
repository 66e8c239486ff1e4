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
func (d *Docker) Start(ctx context.Context, cluster string) (Plan, error) {
	members, err := d.members(ctx, cluster)
	if err != nil {
		return Plan{}, err
	}
	marker, _, err := d.Marker(ctx, cluster)
	if err != nil {
		return Plan{}, err
	}
	if err := whole(cluster, members, marker.Nodes); err != nil {
		return Plan{}, err
	}
	places, err := d.places(ctx, members)
	if err != nil {
		return Plan{}, err
	}
	asleep := slices.ContainsFunc(places, func(p place) bool { return p.state != container.StateRunning })
	if !asleep && !slices.ContainsFunc(places, place.astray) {
		return Plan{}, nil
	}
	return d.planStart(ctx, places)
}

func (d *Docker) planStart(ctx context.Context, places []place) (plan Plan, err error) {
	ground, err := d.survey(ctx, places[0])
	if err != nil {
		return Plan{}, err
	}
	again := confused(places)
	var stopping []place
	if again {
		var steps []Step
		for _, p := range places {
			if p.running() {
				stopping = append(stopping, p)
				steps = append(steps, Step{
					Title: fmt.Sprintf("stop %s%s, because control planes are not where they were", p.name, at(p.address())),
					run:   func(ctx context.Context) error { return d.stop(ctx, p.member) },
				})
			}
		}
		plan.then(steps...)
	}
	elsewhere, err := ground.assign(places, stopping)
	if err != nil {
		return Plan{}, err
	}
	start := starting{docker: d, network: ground.id}
	for _, p := range places {
		switch {
		case p.state == container.StatePaused && !again:
			plan.then(Step{Title: "unpause " + p.name, run: func(ctx context.Context) error { return d.unpause(ctx, p.member) }})
		case !p.running() || again:
			plan.then(Step{
				Title: "start " + p.name + cmp.Or(elsewhere[p.name], at(p.proper)),
				run:   func(ctx context.Context) error { return start.one(ctx, p) },
			})
		}
	}
	return plan, nil
}

// confused tells whether a container runs at an address that is not for it.
func confused(places []place) bool {
	return slices.ContainsFunc(places, func(p place) bool {
		return p.astray() || slices.ContainsFunc(places, func(other place) bool {
			return other.bound && other.name != p.name && p.running() && p.address() == other.proper
		})
	})
}

// starting starts the containers of one cluster, one after the other.
type starting struct {
	docker  *Docker
	network string // its ID
	begun   []*member
}

// kindPolicy is the restart policy of kind's containers, which Stop took away
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provision.go).
var kindPolicy = container.RestartPolicy{Name: container.RestartPolicyOnFailure, MaximumRetryCount: 1}

func (s *starting) one(ctx context.Context, p place) error {
	if _, err := s.docker.keep(ctx, p.member, s.network, p.proper); err != nil {
		return err
	}
	if p.policy == container.RestartPolicyDisabled {
		if err := s.docker.restartPolicy(ctx, p.member, kindPolicy); err != nil {
			return err
		}
	}
	if _, err := s.docker.api.ContainerStart(ctx, p.id, client.ContainerStartOptions{}); err != nil {
		return startFailure(p, err)
	}
	s.begun = append(s.begun, p.member)
	if !p.bound {
		return nil
	}
	return s.settled(ctx, p)
}

// settled makes sure that a container which can have one address only has it.
// If not, what was started ends again: etcd would wait for its members for ever.
func (s *starting) settled(ctx context.Context, p place) error {
	inspected, err := s.docker.api.ContainerInspect(ctx, p.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect %s: %w", p.name, err)
	}
	now, err := memberOf(inspected.Container)
	if err != nil {
		return err
	}
	if now.six = p.six; now.address() == p.proper {
		return nil
	}
	err = hint.AddressLost.New(fmt.Sprintf("control plane %s came up at %s, and the others look for it at %s; Docker keeps no addresses in network %s, because it was created without --subnet", p.name, now.address(), p.proper, p.network),
		fmt.Sprintf("stop what else is on that network, then start again: docker network inspect %s\nor recreate the cluster on a network that keeps addresses: kindctl up --network NAME", p.network))
	for _, m := range s.begun {
		err = errors.Join(err, s.docker.stop(context.WithoutCancel(ctx), m))
	}
	return err
}

// startFailure says what to do when a port of the host is taken.
func startFailure(p place, err error) error {
	err = fmt.Errorf("start %s: %w", p.name, err)
	if !portTaken(err.Error()) {
		return err
	}
	return hint.PortTaken.Wrap(err, fmt.Sprintf("a port of %s is in use by something else on this host", p.name), "end what listens there, then start again: ss -ltnp")
}

func (d *Docker) unpause(ctx context.Context, m *member) error {
	if _, err := d.api.ContainerUnpause(ctx, m.id, client.ContainerUnpauseOptions{}); err != nil {
		return fmt.Errorf("unpause %s: %w", m.name, err)
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
