package kindctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/observe"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/timeline"
	"github.com/kindctl/kindctl/internal/wiring"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// WaitTimeout is how long each wait for something to become ready may take by default.
const WaitTimeout = 5 * time.Minute

// ImageMode says where images may come from: "auto", "local", "registry" or "build".
type ImageMode = images.Mode

// TimelineFacts are what nodes and pods did while a cluster came up.
type TimelineFacts = timeline.Facts

// UpPlan is what Up would create.
type UpPlan = bootstrap.DryRunResult

// UpOptions say which cluster Up creates, and how. Only Topology must be set.
type UpOptions struct {
	// Topology is the cluster: clusters.Profile and clusters.Decode return one. A
	// Topology without a name gets DefaultName.
	Topology clusters.Topology
	// From has the cluster come back from a snapshot, under its name and verified as by
	// Reset: the name of one, the path of a file of ExportSnapshot, with a separator, or the
	// reference of an artifact of PushSnapshot, with its registry and a tag or digest.
	// Then Topology has the Name, which may be "" unless From is a name, and a TTL, and nothing
	// else, and there is no DryRun, no Timeline and no Wait.
	From string
	// Images says where images may come from; "" is "auto".
	Images ImageMode
	// Mirror is a registry to pull through, "HOST/PREFIX", or "".
	Mirror string
	// Kubeconfig is the file to merge the cluster's context into; "" means
	// KUBECONFIG or the default file.
	Kubeconfig string
	// KeepContext leaves the kubeconfig's current context as it is.
	KeepContext bool
	// IgnorePreflightErrors are the IDs of findings about the host that only warn where
	// they would refuse; "all" means every one.
	IgnorePreflightErrors []string
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
	// Retain keeps what was created when something fails.
	Retain bool
	// Ephemeral refuses a cluster that exists already, and has GC remove the new one if
	// this process ends before it has called Down.
	Ephemeral bool
	// Wait waits for another process that changes the cluster, most likely one that
	// creates it, instead of failing with CLUSTER_BUSY.
	Wait bool
	// Examine is called when creating the cluster has failed, before what there is of it
	// is removed: Diagnose can be. It gets the cluster's name, the verdict, which is empty
	// when it never came to that, and the error. Nil is not called, and nothing is after an
	// interrupt.
	Examine func(ctx context.Context, cluster string, verdict verify.Report, failure error)
	// Timeline has nodes and pods observed while the cluster comes up, for
	// UpResult.Facts.
	Timeline bool
	// DryRun changes nothing: UpResult.Plan says what would be done.
	DryRun bool
}

// UpResult is what Up created or found. After an error it has what was known by then.
type UpResult struct {
	// Name is the cluster's.
	Name string
	// Config reaches the cluster's API: kubernetes.NewForConfig(result.Config).
	Config *rest.Config
	// Topology is what it was made to be.
	Topology clusters.Topology
	// Existed says that the cluster was there, healthy and in the same shape, and that
	// nothing was changed but the kubeconfig.
	Existed bool
	// Pooled says that the cluster comes from the pool.
	Pooled bool
	// Version is that of Kubernetes in a new cluster, such as v1.37.2.
	Version string
	// Report is the verdict on the cluster.
	Report verify.Report
	// Facts are what was observed, with UpOptions.Timeline.
	Facts TimelineFacts
	// Plan is what would be done, with UpOptions.DryRun.
	Plan UpPlan
}

// Up creates a cluster and verifies it. When it fails or the context ends, what was
// created is removed again. A cluster that exists already, healthy and in the same shape,
// is left as it is.
func (c *Client) Up(ctx context.Context, o UpOptions) (UpResult, error) {
	var from restoration
	if o.From != "" {
		if o.DryRun || o.Wait {
			return UpResult{}, hint.BadFlag.New("a restoration can neither be previewed nor wait for others", "leave DryRun and Wait out, or From")
		}
		var err error
		if from, err = openSnapshot(ctx, o.From, o.Topology.Name); err != nil {
			return UpResult{Name: o.Topology.Name}, err
		}
		defer from.close()
		from.topology.TTL = cmp.Or(o.Topology.TTL, from.topology.TTL)
		o.Topology = from.topology
		if !from.locked { // it may be from others
			for _, one := range reach(o.Topology) {
				c.warn("config", one)
			}
		}
	}
	o.Topology.Name = cmp.Or(o.Topology.Name, DefaultName)
	name := o.Topology.Name
	result := UpResult{Name: name, Topology: o.Topology, Report: verify.Report{Cluster: provider.Context(name)}}
	config, err := c.upConfig(o)
	if err != nil {
		return result, err
	}
	if o.From != "" {
		if err := c.restore(ctx, &config, from); err != nil {
			return result, err
		}
	}
	if o.DryRun {
		result.Plan, err = bootstrap.NewUp(config).DryRun(ctx)
		return result, err
	}
	if o.Ephemeral {
		err = c.ephemeral(ctx, config, o, &result)
		return result, err
	}
	up := func() error { _, err := c.up(ctx, config, o, &result); return err }
	if o.Wait {
		waiting := func() { c.note("up", "waiting for another kindctl process that is changing cluster "+name) }
		err = runs.RetryWhenBusy(ctx, name, waiting, up)
	} else {
		err = up()
	}
	return result, err
}

// upConfig checks the options, before Docker is asked anything.
func (c *Client) upConfig(o UpOptions) (bootstrap.Config, error) {
	mode := cmp.Or(o.Images, images.Auto)
	warnings, err := o.Topology.Validate()
	if err != nil {
		return bootstrap.Config{}, err
	}
	if err := mode.Check(); err != nil {
		return bootstrap.Config{}, err
	}
	for _, warning := range warnings {
		c.warn("config", warning)
	}
	return bootstrap.Config{
		Version: c.options.Version, Topology: o.Topology, Image: o.Topology.Image, ImageMode: mode,
		Kubeconfig: o.Kubeconfig, KeepContext: o.KeepContext, IgnorePreflightErrors: o.IgnorePreflightErrors,
		WaitTimeout: cmp.Or(o.WaitTimeout, WaitTimeout), Retain: o.Retain,
		Dependencies: wiring.Dependencies(o.Topology, o.Mirror, c.sink()), Docker: &c.docker, Sink: c.sink(),
	}, nil
}

// up runs the recipe and fills in the result.
func (c *Client) up(ctx context.Context, config bootstrap.Config, o UpOptions, result *UpResult) (*bootstrap.Up, error) {
	var observer *observe.Observer
	facts := func(context.Context) {}
	if o.Timeline {
		observer = observe.New(&c.docker, result.Name, o.Topology.CNI, c.sink())
		facts = func(ctx context.Context) { result.Facts = observer.Facts(ctx) }
	}
	config.Observe = func(client *kube.Client) {
		result.Config = client.Config
		if observer != nil {
			observer.Watch(ctx, client)
		}
	}
	if o.Timeline || o.Examine != nil {
		config.Examine = func(ctx context.Context, _ *kube.Client, report verify.Report, err error) {
			facts(ctx) // before the cluster is removed
			if o.Examine != nil {
				o.Examine(ctx, result.Name, report, err)
			}
		}
	}
	up := bootstrap.NewUp(config)
	err := up.Run(ctx)
	facts(ctx)
	if err == nil && result.Config == nil { // a restoration has not reported its connection
		result.Config, err = c.connect(ctx, result.Name)
	}
	result.Existed, result.Version, result.Report = up.Existed, up.Version, up.Report
	result.Report.Cluster = provider.Context(result.Name)
	return up, err
}

// connect returns how to reach the API of a cluster.
func (c *Client) connect(ctx context.Context, name string) (*rest.Config, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	client, err := health.Connect(ctx, docker.Cluster(name))
	if err != nil {
		return nil, err
	}
	return client.Config, nil
}

// ephemeral creates a cluster that ends with this process.
func (c *Client) ephemeral(ctx context.Context, config bootstrap.Config, o UpOptions, result *UpResult) error {
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	advice := "leave the name out, or keep the cluster: kindctl run --reuse " + result.Name
	if o.From != "" {
		advice = "use it as it is: kindctl run --reuse " + result.Name + "; or remove it first: kindctl down -n " + result.Name
	}
	taken := hint.ClusterExists.New(fmt.Sprintf("there is a cluster %s already, and it would be removed at the end", result.Name), advice)
	if nodes, err := docker.Cluster(result.Name).Nodes(ctx); err != nil {
		return err
	} else if len(nodes) > 0 {
		return taken
	}
	if config.RunRecord, err = runs.Open("run", result.Name); err != nil {
		return err
	}
	up, err := c.up(ctx, config, o, result)
	if err == nil && up.Existed { // someone has made it meanwhile
		err = taken
	}
	if err != nil {
		return errors.Join(err, config.RunRecord.End(!up.Left))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records[result.Name] = config.RunRecord
	return nil
}
