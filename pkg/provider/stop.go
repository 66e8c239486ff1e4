package provider

import (
	"context"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// stopSeconds is how long a node may take to shut down before it is killed, as
// Docker has it by default. What ends at all when it is told to, ends in a few
// seconds; for a pod that does not, systemd would wait 90.
const stopSeconds = 10

// Stop plans to end all containers of a cluster at once. Those that have ended
// are left alone; a plan without steps is a cluster that does not run.
func (d *Docker) Stop(ctx context.Context, cluster string) (Plan, error) {
	members, err := d.members(ctx, cluster)
	if err != nil {
		return Plan{}, err
	}
	if err := d.recognize(ctx, members); err != nil {
		return Plan{}, err
	}
	var steps []Step
	for _, m := range members {
		if m.running() || m.state == container.StateRestarting {
			steps = append(steps, Step{
				Title: fmt.Sprintf("stop %s%s", m.name, at(m.address())),
				run:   func(ctx context.Context) error { return d.retire(ctx, m) },
			})
		}
	}
	var plan Plan
	plan.then(steps...)
	return plan, nil
}

// retire stops a container, for as long as nobody starts it again, and has it
// keep its address where the network lets it.
func (d *Docker) retire(ctx context.Context, m *member) error {
	if err := d.stop(ctx, m); err != nil {
		return err
	}
	// With kind's policy Docker would start the node again when it starts itself,
	// because a node's systemd ends with an exit code that is not 0.
	if m.policy == container.RestartPolicyOnFailure {
		if err := d.restartPolicy(ctx, m, container.RestartPolicy{Name: container.RestartPolicyDisabled}); err != nil {
			return err
		}
	}
	if !m.address().IsValid() {
		return nil
	}
	_, err := d.keep(ctx, m, m.endpoint.NetworkID, m.address())
	return err
}

func (d *Docker) stop(ctx context.Context, m *member) error {
	seconds := stopSeconds
	if _, err := d.api.ContainerStop(ctx, m.id, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("stop %s: %w", m.name, err)
	}
	return nil
}

func (d *Docker) restartPolicy(ctx context.Context, m *member, policy container.RestartPolicy) error {
	if _, err := d.api.ContainerUpdate(ctx, m.id, client.ContainerUpdateOptions{RestartPolicy: &policy}); err != nil {
		return fmt.Errorf("set the restart policy of %s: %w", m.name, err)
	}
	return nil
}
