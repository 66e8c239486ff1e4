package gc

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
)

// HoldNetwork creates a network for nodes, if there is none, and keeps other
// processes of this user from removing it until release is called. A new one has the
// subnets, if any are named.
func HoldNetwork(
	ctx context.Context, docker *provider.Docker, name string, by provider.Metadata, subnets ...netip.Prefix,
) (release func(), err error) {
	for {
		release, err := runs.ShareNetwork(ctx, name)
		if err != nil {
			return nil, err
		}
		there, err := docker.HasNetwork(ctx, name)
		if err == nil && there {
			return release, nil
		}
		// A lock that others share cannot become one's own: between the two
		// another process may remove the network again.
		if release(); err != nil {
			return nil, err
		}
		if err := makeNetwork(ctx, docker, name, by, subnets); err != nil {
			return nil, err
		}
	}
}

func makeNetwork(ctx context.Context, docker *provider.Docker, name string, by provider.Metadata, subnets []netip.Prefix) error {
	own, err := runs.NetworkLock(name)
	if err != nil {
		return err
	}
	if _, err := own.TryLockContext(ctx, runs.LockRetry); err != nil {
		return err
	}
	_, err = docker.EnsureNetwork(ctx, name, by, subnets...)
	return errors.Join(err, own.Unlock())
}

// networkPatience is how long to wait for another process that removes a network, or
// creates nodes on it.
const networkPatience = time.Second

// dropNetwork removes a network that kindctl created, if no container is on it and no
// other process is creating nodes there.
func dropNetwork(ctx context.Context, docker *provider.Docker, name string) (dropped bool, err error) {
	own, err := runs.NetworkLock(name)
	if err != nil {
		return false, err
	}
	waiting, cancel := context.WithTimeout(ctx, networkPatience)
	defer cancel()
	if ours, err := own.TryLockContext(waiting, runs.LockRetry); !ours {
		if waiting.Err() != nil && ctx.Err() == nil {
			err = nil
		}
		return false, err
	}
	dropped, err = docker.RemoveNetwork(ctx, name)
	return dropped, errors.Join(err, own.Unlock())
}
