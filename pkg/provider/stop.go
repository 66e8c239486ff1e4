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
func (c Cluster) Stop(ctx context.Context) (Plan, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Plan{}, err
	}
	if err := detectIPFamily(ctx, nodes); err != nil {
		return Plan{}, err
	}
	var steps []Step
	for _, n := range nodes {
		if n.active() || n.State == string(container.StateRestarting) {
			steps = append(steps, Step{
				Title: fmt.Sprintf("stop %s%s", n.Name, at(n.address())),
				run:   func(ctx context.Context) error { return n.stopAndKeepAddress(ctx) },
			})
		}
	}
	var plan Plan
	plan.then(steps...)
	return plan, nil
}

// stopAndKeepAddress stops a container, for as long as nobody starts it again, and has it
// keep its address where the network lets it.
func (n *Node) stopAndKeepAddress(ctx context.Context) error {
	if err := n.stop(ctx); err != nil {
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
	_, err := n.fixAddress(ctx, n.endpoint.NetworkID, n.address())
	return err
}

func (n *Node) stop(ctx context.Context) error {
	seconds := stopSeconds
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
