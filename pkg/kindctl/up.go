package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/health"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// WaitTimeout is how long each wait for something to become ready may take when
// nobody says otherwise.
const WaitTimeout = 5 * time.Minute

// Options say which cluster Up makes, and how. Only Topology and its Name must
// be set.
type Options struct {
	// Topology is the cluster: clusters.Profile and clusters.Decode return one.
	Topology clusters.Topology
	// Images says where images may come from; "" is images.Auto.
	Images images.Mode
	// Mirror is a registry to pull through, "HOST/PREFIX", or "".
	Mirror string
	// Kubeconfig is the file to merge the cluster's context into; "" means
	// KUBECONFIG or the default file.
	Kubeconfig string
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
	// Retain keeps what was made when something fails.
	Retain bool
	// Examine looks at a cluster that failed, before it is removed: its API, which is
	// nil when nodes are all that there is and which may not answer, its verdict if
	// there is one, and the error. Nil does not look. Diagnostics take what it gets.
	Examine func(context.Context, *kube.Client, verify.Report, error)
	// Sink receives what happens; nil drops it.
	Sink event.Sink
}

// Cluster is one that Up made or found.
type Cluster struct {
	Name string
	// Client reaches the cluster's API.
	Client *kube.Client
	// Existed says that the cluster was there, well and in the same shape, and
	// that nothing was changed.
	Existed bool
	// Report is the verdict on the cluster.
	Report verify.Report

	kubeconfig string
}

// Up makes a cluster and proves that it works. When it fails or the context
// ends, what was made is removed again. A cluster that is there already, healthy
// and in the same shape, is left as it is.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	up := bootstrap.NewUp(config)
	if err := up.Run(ctx); err != nil {
		return nil, err
	}
	name := o.Topology.Name
	client, err := kube.FromKubeconfig(o.Kubeconfig, provider.Context(name))
	return &Cluster{Name: name, Client: client, Existed: up.Existed, Report: up.Report, kubeconfig: o.Kubeconfig}, err
}

// config checks the options, before Docker is asked anything.
func (o Options) config() (bootstrap.Config, error) {
	sink, mode := sinkOr(o.Sink), cmp.Or(o.Images, images.Auto)
	warnings, err := o.Topology.Validate()
	if err != nil {
		return bootstrap.Config{}, err
	}
	if !slices.Contains(images.Modes(), mode) {
		return bootstrap.Config{}, hint.ImagesMode.New(fmt.Sprintf("there is no source of images %q", mode), fmt.Sprintf("use one of %v", images.Modes()))
	}
	for _, warning := range warnings {
		sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "config", Message: warning})
	}
	return bootstrap.Config{
		Topology: o.Topology, Image: o.Topology.Image, ImageMode: mode, Kubeconfig: o.Kubeconfig,
		WaitTimeout: cmp.Or(o.WaitTimeout, WaitTimeout), Retain: o.Retain, Examine: o.Examine,
		Dependencies: Places(o.Topology, o.Mirror, sink), Sink: sink,
	}, nil
}

// Verify proves again that every component works: see the function Verify. It also
// looks into the nodes' containers.
func (c *Cluster) Verify(ctx context.Context, sink event.Sink) (verify.Report, error) {
	docker, err := provider.Open(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	defer docker.Close()
	report, err := verifyWith(ctx, c.Client, health.ReadContainerd(docker.Cluster(c.Name)), sink)
	report.Cluster = provider.Context(c.Name)
	return report, err
}

// Down removes the cluster and its entry in the kubeconfig.
func (c *Cluster) Down(ctx context.Context, sink event.Sink) error {
	return Down(ctx, c.Name, c.kubeconfig, sink)
}
