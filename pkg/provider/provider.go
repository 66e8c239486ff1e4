// Package provider makes and removes the nodes of a cluster through kind's
// library, and runs kubeadm in them. It adds what the library does not have: a
// context that ends the work, errors that hold what the failed command printed,
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
	// Network is the Docker network for the nodes that Provision makes; "" is the one
	// that kind takes by itself.
	Network string

	sink event.Sink
	// settle is how often DeleteComing looks for containers.
	settle time.Duration
}

// New returns a Provider that tells sink what kind warns of.
func New(sink event.Sink) *Provider {
	return &Provider{sink: sink, settle: 500 * time.Millisecond}
}

// kind returns the library, which tells log what it does and warns of.
func kind(log log.Logger) *cluster.Provider {
	return cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(log))
}

// silent is kind for questions and removals, which take no time.
func silent() *cluster.Provider { return kind(log.NoopLogger{}) }
