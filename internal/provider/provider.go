// Package provider has a Docker's clusters and their nodes. kind's library makes most
// containers; what is asked of them and done in them, kubeadm included, goes through
// Docker's API. It adds what the library does not have: a context that ends the work,
// errors that hold what the failed command printed, and removal that leaves nothing
// behind.
package provider

import (
	"context"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/internal/host"
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

// Docker is the engine whose containers are the nodes of clusters. It is asked over its
// API; kind's library makes nodes in the same one.
type Docker struct {
	api  *client.Client
	sink event.Sink
	// interval is how often DeletePending looks for containers.
	interval time.Duration
}

// Open connects to Docker, or returns an error with advice: see host.Docker. What
// happens is not reported: see WithSink.
func Open(ctx context.Context) (*Docker, error) {
	api, err := host.Docker(ctx)
	if err != nil {
		return nil, err
	}
	return newDocker(api), nil
}

func newDocker(api *client.Client) *Docker {
	return &Docker{api: api, sink: event.Discard, interval: 500 * time.Millisecond}
}

// WithSink returns the same connection, which sends kind's warnings, and what is done to
// reach a cluster, to sink. Close only one of the two.
func (d *Docker) WithSink(sink event.Sink) *Docker {
	with := *d
	with.sink = sink
	return &with
}

// Client is the connection itself, for what is no cluster's: images and facts.
func (d *Docker) Client() *client.Client { return d.api }

// Close ends the connection.
func (d *Docker) Close() error { return d.api.Close() }

// Connection opens Docker when it is used first, and then once. The zero value is ready
// to use.
type Connection struct {
	mu     sync.Mutex
	docker *Docker
}

// Open returns the Docker that is open, or opens it. An error does not last.
func (c *Connection) Open(ctx context.Context) (docker *Docker, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docker == nil {
		c.docker, err = Open(ctx)
	}
	return c.docker, err
}

// Close ends the connection, if there is one.
func (c *Connection) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docker == nil {
		return nil
	}
	defer func() { c.docker = nil }()
	return c.docker.Close()
}

// kind returns the library, which logs to log.
func kind(log log.Logger) *cluster.Provider {
	return cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(log))
}
