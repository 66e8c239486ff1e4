// Package provider makes and removes the nodes of a cluster through kind's
// library. It adds what the library does not have: a context that ends the
// work, progress as events, errors that hold what the failed command printed,
// and removal that leaves nothing behind.
package provider

import (
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// NodeImage is the node image that kind publishes of a version of Kubernetes. That
// of "" is the one which this release of kind was tested with, by digest.
func NodeImage(kubernetes string) string {
	if kubernetes == "" {
		return defaults.Image
	}
	return "kindest/node:" + kubernetes
}

// LoadBalancerImage is the image that kind starts in front of several control
// planes (kind v0.33.0, pkg/cluster/internal/loadbalancer).
const LoadBalancerImage = "docker.io/envoyproxy/envoy:v1.36.2"

// Provider makes clusters out of Docker containers.
type Provider struct {
	// Network is the Docker network for the nodes that Create makes; "" is the one
	// that kind takes by itself.
	Network string
	// Prepared, unless it is nil, is called when the nodes that Create makes have
	// booted. Kubernetes is started on none before it returns.
	Prepared func()
	// Started, unless it is nil, is called when the first control plane of what
	// Create makes answers. Nobody joins before it returns.
	Started func()
	// Live, unless it is nil, is called when the API is there to stay, while workers
	// may still be joining.
	Live func()

	sink event.Sink
	// givenUp is a creation that kind may still be at; closed when it ends.
	givenUp <-chan struct{}
	// expected is how many containers the latest creation was to make.
	expected int
	// seen are the containers that the latest Delete of an unsettled cluster saw.
	seen map[string]bool
	// settle is how often Delete looks whether a creation that failed is still
	// making containers: kind starts the nodes' containers side by side and
	// returns when the first of them fails.
	settle time.Duration
}

// New returns a Provider that reports kind's own steps as progress to sink.
func New(sink event.Sink) *Provider {
	return &Provider{sink: sink, settle: 500 * time.Millisecond}
}

// kind returns the library, which tells log what it does.
func kind(log log.Logger) *cluster.Provider {
	return cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(log))
}

// silent is kind for questions and removals, which take no time.
func silent() *cluster.Provider { return kind(log.NoopLogger{}) }
