package provider

import (
	"cmp"
	"os"
	"strings"
	"sync"

	"sigs.k8s.io/kind/pkg/log"
)

// networkVariable is the one way to tell kind on which network to put nodes
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provider.go).
const networkVariable = "KIND_EXPERIMENTAL_DOCKER_NETWORK"

// environment is held while the variable is set: it belongs to the process, and
// so to every creation in it.
var environment sync.Mutex

// usersNetwork is the one that the process was started with, whatever a creation
// has set since.
var usersNetwork = cmp.Or(os.Getenv(networkVariable), DefaultNetwork)

// NetworkName is the Docker network that Create puts nodes on.
func (p *Provider) NetworkName() string { return cmp.Or(p.Network, usersNetwork) }

// onNetwork lets work create a cluster on a network. The variable is set only until
// kind has read it, which shows in what kind logs next.
func onNetwork(network string, out log.Logger, work func(log.Logger) error) error {
	environment.Lock()
	former, was := os.LookupEnv(networkVariable)
	err := os.Setenv(networkVariable, network)
	restore := sync.OnceFunc(func() {
		if was {
			_ = os.Setenv(networkVariable, former) // it could be set before
		} else {
			_ = os.Unsetenv(networkVariable)
		}
		environment.Unlock()
	})
	defer restore()
	if err != nil {
		return err
	}
	return work(listener{out, restore})
}

// listener waits for kind to say that it has read the variable, and does not
// pass that on: it warns of the variable, in two lines.
type listener struct {
	log.Logger
	heard func()
}

func (l listener) Warn(message string) {
	switch {
	case strings.Contains(message, networkVariable):
		l.heard()
	case !strings.HasPrefix(message, "WARNING: Here be dragons!"):
		l.Logger.Warn(message)
	}
}
