// Package provider makes and removes the nodes of a cluster through kind's
// library. It adds what the library does not have: a context that ends the
// work, progress as events, and removal that leaves nothing behind.
package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	"github.com/kindctl/kindctl/pkg/event"
)

// PublishedImage is the node image that this release of kind was tested with,
// by digest.
const PublishedImage = defaults.Image

// LoadBalancerImage is the image that kind starts in front of several control
// planes (kind v0.33.0, pkg/cluster/internal/loadbalancer).
const LoadBalancerImage = "docker.io/envoyproxy/envoy:v1.36.2"

// Provider makes clusters out of Docker containers.
type Provider struct {
	sink event.Sink
	// givenUp is a creation that kind may still be at; closed when it ends.
	givenUp <-chan struct{}
}

// New returns a Provider that reports kind's own steps as progress to sink.
func New(sink event.Sink) *Provider { return &Provider{sink: sink} }

// kind returns the library, with a logger that reports to span.
func (p *Provider) kind(span *event.Span) *cluster.Provider {
	return cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(logger{span}))
}

// Create makes a cluster's nodes and starts Kubernetes on them. The kubeconfig
// goes to a file of its own. When ctx ends, Create returns at once with the
// cause; kind cannot be interrupted, so what it still makes is for Delete.
func (p *Provider) Create(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string, span *event.Span) error {
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- p.kind(span).Create(config.Name,
			cluster.CreateWithV1Alpha4Config(config),
			cluster.CreateWithKubeconfigPath(kubeconfig),
			cluster.CreateWithRetain(true), // removal is the caller's, and happens once
			cluster.CreateWithDisplayUsage(false),
			cluster.CreateWithDisplaySalutation(false))
	}()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
		return p.mark(config.Name)
	case <-ctx.Done():
		p.givenUp = ended
		return context.Cause(ctx)
	}
}

// underWay tells whether kind still works on a creation that was given up.
func (p *Provider) underWay() bool {
	if p.givenUp == nil {
		return false
	}
	select {
	case <-p.givenUp:
		return false
	default:
		return true
	}
}

// marker is a file in the nodes of clusters that kindctl made; kind has no
// place for labels.
const marker = "/kind/kindctl"

func (p *Provider) mark(name string) error {
	listed, err := p.kind(event.Start(event.Discard, event.Event{})).ListInternalNodes(name)
	if err != nil {
		return err
	}
	for _, node := range listed {
		if err := nodeutils.WriteFile(node, marker, ""); err != nil {
			return fmt.Errorf("mark node %s: %w", node, err)
		}
	}
	return nil
}

// Ours tells whether kindctl made a cluster. One that is stopped cannot say so.
func (p *Provider) Ours(name string) (bool, error) {
	listed, err := p.kind(event.Start(event.Discard, event.Event{})).ListInternalNodes(name)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(listed, func(node nodes.Node) bool { return node.Command("test", "-e", marker).Run() == nil }), nil
}

// settle is how often Delete looks whether a creation that failed is still
// making containers: kind starts the nodes' containers side by side and returns
// when the first of them fails.
const settle = 500 * time.Millisecond

// quiet is how many looks in a row must find nothing before Delete believes it.
const quiet = 3

// Delete removes a cluster's containers with their volumes, and its entry in
// the kubeconfig. An unsettled cluster, whose creation failed or was given up,
// may still get containers: Delete looks again until nothing comes any more.
func (p *Provider) Delete(ctx context.Context, name, kubeconfig string, unsettled bool) error {
	span := event.Start(event.Discard, event.Event{})
	if err := p.kind(span).Delete(name, kubeconfig); err != nil {
		return err
	}
	if !unsettled {
		return nil
	}
	ticker := time.NewTicker(settle)
	defer ticker.Stop()
	for calm := 0; calm < quiet; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		left, err := p.kind(span).ListNodes(name)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			if !p.underWay() {
				calm++
			}
			continue
		}
		calm = 0
		if err := p.kind(span).Delete(name, kubeconfig); err != nil {
			return err
		}
	}
	return nil
}

// List returns the names of all kind clusters, kindctl's and others.
func (p *Provider) List() ([]string, error) {
	names, err := p.kind(event.Start(event.Discard, event.Event{})).List()
	slices.Sort(names)
	return names, err
}

// Node is one container of a cluster.
type Node struct {
	Name string `json:"name"`
	// Role is control-plane, worker or external-load-balancer.
	Role string `json:"role"`
	// Address is the IPv4 address on the clusters' network.
	Address string `json:"address"`
}

// IsKubernetes tells nodes of the cluster from the load balancer in front.
func (n Node) IsKubernetes() bool { return n.Role != constants.ExternalLoadBalancerNodeRoleValue }

// Nodes returns a cluster's containers, sorted by name; none is no cluster.
func (p *Provider) Nodes(name string) ([]Node, error) {
	listed, err := p.kind(event.Start(event.Discard, event.Event{})).ListNodes(name)
	if err != nil {
		return nil, err
	}
	found := make([]Node, 0, len(listed))
	for _, n := range listed {
		role, err := n.Role()
		if err != nil {
			return nil, err
		}
		address, _, err := n.IP()
		if err != nil {
			return nil, err
		}
		found = append(found, Node{Name: n.String(), Role: role, Address: address})
	}
	slices.SortFunc(found, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// Kubeconfig returns a cluster's kubeconfig with the address that works on the
// host, or with internal set the one that works on the clusters' network.
func (p *Provider) Kubeconfig(name string, internal bool) (string, error) {
	return p.kind(event.Start(event.Discard, event.Event{})).KubeConfig(name, internal)
}

// LoadImage puts an image archive into every node, all nodes at the same time.
// open is called once for each node.
func (p *Provider) LoadImage(ctx context.Context, name string, open func() (io.ReadCloser, error)) error {
	listed, err := p.kind(event.Start(event.Discard, event.Event{})).ListInternalNodes(name)
	if err != nil {
		return err
	}
	if len(listed) == 0 {
		return errors.New("the cluster has no nodes")
	}
	var group errgroup.Group
	for _, node := range listed {
		group.Go(func() error {
			archive, err := open()
			if err != nil {
				return err
			}
			defer archive.Close()
			if err := nodeutils.LoadImageArchive(node, readUntil(ctx, archive)); err != nil {
				return fmt.Errorf("load into %s: %w", node, err)
			}
			return nil
		})
	}
	if err := group.Wait(); ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// contextReader ends with its context, and with it the command that reads it.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func readUntil(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (r contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
