package kindctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// DefaultName is the name of a cluster that is given none, as in kind.
const DefaultName = "kind"

// Options are those of a Client. The zero value is ready to use.
type Options struct {
	// Sink receives what happens; nil drops it. See Client.WithSink.
	Sink event.Sink
	// Version is that of the program, which clusters record; "" is that of this module
	// in the program.
	Version string
	// ContactTimeout bounds the first request to an API server; 0 is 15 seconds.
	ContactTimeout time.Duration
}

// Client creates clusters, changes them and asks them, as the command does. It opens
// one connection to Docker when it first needs it, and keeps it until Close. Its methods
// may be called at the same time. Their errors have a reason, advice and an exit code
// (pkg/hint).
type Client struct {
	*shared
	options Options
}

// shared is what a Client has in common with those that WithSink returns.
type shared struct {
	docker provider.Connection

	mu sync.Mutex
	// dockerID is that of Docker once it was asked for, which takes a tenth of a second.
	dockerID string
	// records are those of clusters that end with this process, by name.
	records map[string]*runs.Record
}

// New returns a Client. Nothing is opened before the first call of a method.
func New(o Options) *Client {
	o.Version = cmp.Or(o.Version, builtVersion())
	o.ContactTimeout = cmp.Or(o.ContactTimeout, kube.ContactTimeout)
	c := &Client{shared: &shared{records: map[string]*runs.Record{}}, options: o}
	return c.WithSink(o.Sink)
}

// WithSink returns a Client that shares the connection to Docker, and whose events go
// to sink; nil drops them. Close one of the two.
func (c *Client) WithSink(sink event.Sink) *Client {
	if sink == nil {
		sink = event.Discard
	}
	other := *c
	other.options.Sink = sink
	return &other
}

// Open opens the connection to Docker, as every method does that needs it, and so
// reports whether Docker answers.
func (c *Client) Open(ctx context.Context) error {
	_, err := c.open(ctx)
	return err
}

// Close ends the connection to Docker. Clusters that Up made with Ephemeral and no one
// has removed are left to GC.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	failures := []error{c.docker.Close()}
	for name, record := range c.records {
		failures = append(failures, record.End(false))
		delete(c.records, name)
	}
	return errors.Join(failures...)
}

// sink is where events go.
func (c *Client) sink() event.Sink { return c.options.Sink }

// warn emits a warning.
func (c *Client) warn(id, message string) {
	event.Warn(c.sink(), event.Phase, id, message, "")
}

// note emits a note.
func (c *Client) note(id, message string) {
	event.Inform(c.sink(), event.Phase, id, message)
}

// open opens Docker.
func (c *Client) open(ctx context.Context) (*provider.Docker, error) { return c.docker.Open(ctx) }

// existing opens Docker for a cluster that must be there; "" is DefaultName.
func (c *Client) existing(ctx context.Context, name string) (*provider.Docker, provider.Cluster, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, provider.Cluster{}, err
	}
	cluster := docker.Cluster(cmp.Or(name, DefaultName))
	nodes, err := cluster.Nodes(ctx)
	if err != nil {
		return nil, cluster, err
	}
	if len(nodes) == 0 {
		names, err := docker.Clusters(ctx)
		if err != nil {
			return nil, cluster, err
		}
		return nil, cluster, hint.ClusterMissing.New(fmt.Sprintf("there is no cluster %q%s", cluster.Name, hint.Nearest(cluster.Name, names)),
			"list them: kindctl get clusters")
	}
	if slices.ContainsFunc(nodes, (*provider.Node).Paused) {
		metadata, _, err := cluster.Metadata(ctx)
		if err == nil {
			err = metadata.EnsureTaken(cluster.Name)
		}
		if err != nil {
			return nil, cluster, err
		}
	}
	return docker, cluster, nil
}
