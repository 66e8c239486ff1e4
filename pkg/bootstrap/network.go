package bootstrap

import (
	"context"
	"errors"

	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/provider"
)

// networks is the kind of the locks of networks.
const networks = "networks"

// holdNetwork makes the network for the cluster's nodes and keeps it from being
// removed until release is called, when there are nodes on it.
func (u *Up) holdNetwork(ctx context.Context) (release func(), err error) {
	docker, err := host.Docker(ctx)
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	u.begun = true // a network that was made is to be removed if the nodes are not made
	return hold(ctx, provider.NewEngine(docker), u.provider.NetworkName())
}

// hold makes a network for nodes, if there is none, and keeps other
// processes of this user from removing it until release is called.
func hold(ctx context.Context, engine *provider.Engine, name string) (release func(), err error) {
	for {
		shared, err := lockOf(networks, name)
		if err != nil {
			return nil, err
		}
		if _, err := shared.TryRLockContext(ctx, lockRetry); err != nil {
			return nil, err
		}
		there, err := engine.HasNetwork(ctx, name)
		if err == nil && there {
			return func() { _ = shared.Unlock() }, nil
		}
		// A lock that others share cannot become one's own: between the two
		// somebody may come and remove the network again.
		if err = errors.Join(err, shared.Unlock()); err != nil {
			return nil, err
		}
		if err := makeNetwork(ctx, engine, name); err != nil {
			return nil, err
		}
	}
}

func makeNetwork(ctx context.Context, engine *provider.Engine, name string) error {
	own, err := lockOf(networks, name)
	if err != nil {
		return err
	}
	if _, err := own.TryLockContext(ctx, lockRetry); err != nil {
		return err
	}
	_, err = engine.EnsureNetwork(ctx, name)
	return errors.Join(err, own.Unlock())
}

// Remove removes a cluster's containers with their volumes, its entry in the
// kubeconfig, and the networks that kindctl made if nothing else is on them. An
// unsettled cluster is one whose creation failed or was given up.
func Remove(ctx context.Context, kind *provider.Provider, name, kubeconfig string, unsettled bool) error {
	docker, err := host.Docker(ctx)
	if err != nil {
		return err
	}
	defer docker.Close()
	engine := provider.NewEngine(docker)
	names, err := engine.NetworksOf(ctx, name)
	if err != nil {
		return err
	}
	names = append(names, kind.NetworkName()) // there may be no container that would name it
	if err := kind.Delete(ctx, name, kubeconfig, unsettled); err != nil {
		return err
	}
	var failures []error
	for _, name := range names {
		failures = append(failures, dropNetwork(ctx, engine, name))
	}
	return errors.Join(failures...)
}

// dropNetwork removes a network that kindctl made and nobody is on. While others
// are about to be, it stays.
func dropNetwork(ctx context.Context, engine *provider.Engine, name string) error {
	own, err := lockOf(networks, name)
	if err != nil {
		return err
	}
	if ours, err := own.TryLock(); err != nil || !ours {
		return err
	}
	_, err = engine.DiscardNetwork(ctx, name)
	return errors.Join(err, own.Unlock())
}
