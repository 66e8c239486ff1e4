package provider

import (
	"cmp"
	"os"
	"sync"
)

// networkVariable is the one way to tell kind on which network to put nodes
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provider.go).
const networkVariable = "KIND_EXPERIMENTAL_DOCKER_NETWORK"

// environment is held while kind makes containers: the variable belongs to the process,
// and so to every creation in it. Those on the network that the process was started
// with do not set it, and go on side by side.
var environment sync.RWMutex

// usersNetwork is the one that the process was started with, whatever a creation
// has set since.
var usersNetwork = cmp.Or(os.Getenv(networkVariable), DefaultNetwork)

// NetworkName is the Docker network for nodes: the one that is asked for, or for ""
// the one that kind takes by itself.
func NetworkName(asked string) string { return cmp.Or(asked, usersNetwork) }

// onNetwork lets work create a cluster on a network.
func onNetwork(network string, work func() error) error {
	if network == usersNetwork {
		environment.RLock()
		defer environment.RUnlock()
		return work()
	}
	environment.Lock()
	defer environment.Unlock()
	former, was := os.LookupEnv(networkVariable)
	if err := os.Setenv(networkVariable, network); err != nil {
		return err
	}
	defer func() {
		if was {
			_ = os.Setenv(networkVariable, former) // it could be set before
		} else {
			_ = os.Unsetenv(networkVariable)
		}
	}()
	return work()
}
