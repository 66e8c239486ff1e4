package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/snapshot"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Config is what the caller wants.
type Config struct {
	Topology clusters.Topology
	// Image is the user's own node image, or "".
	Image string
	// ImageMode says where images may come from.
	ImageMode images.Mode
	// Kubeconfig is the file to merge into; "" means KUBECONFIG or the default.
	Kubeconfig string
	// KeepContext leaves the kubeconfig's current context as it is.
	KeepContext bool
	// Pool marks the pool that the cluster is made for; "" is none. A cluster for a
	// pool gets no context in a kubeconfig.
	Pool string
	// CPUShares weigh the nodes against other containers while the cluster is made; 0 leaves
	// them as Docker has them. They are not taken back.
	CPUShares int64
	// IgnorePreflightErrors are the IDs of findings about the host that only warn where
	// they would refuse, or host.IgnoreAll.
	IgnorePreflightErrors []string
	// WaitTimeout bounds each wait for something to become ready.
	WaitTimeout time.Duration
	// Retain keeps the cluster when something fails.
	Retain bool
	// Examine looks at a cluster that failed before it is removed: its API, which is
	// nil when nodes are all that there is and which may not answer, its verdict if
	// there is one, and the error. Nil does not look. It is not called after an
	// interrupt, nor before nodes are made.
	Examine func(context.Context, *kube.Client, verify.Report, error)
	// Observe is handed the cluster's API whenever Run connects to it, also to one
	// that was there already, and returns at once. Nil does not look.
	Observe func(*kube.Client)
	// From brings a snapshot into the nodes, in the place of kubeadm and the CNI; nil has the
	// cluster be a new one.
	From *snapshot.Restore
	// Locked says that the caller has locked the cluster: see runs.Lock.
	Locked bool
	// Version is kindctl's own, which the cluster's containers record.
	Version string
	// RunRecord is the caller's, which has to clean up the cluster until it ends the
	// record. Nil has Run keep one for as long as it takes.
	RunRecord *runs.Record
	// Dependencies are where CNI and images come from.
	Dependencies Dependencies
	// Docker is opened in the first phase. Nil has Run open one for as long as it takes.
	Docker *provider.Connection
	// Sink receives what happens.
	Sink event.Sink
}

// undoTimeout bounds the removal of a cluster that failed.
const undoTimeout = 2 * time.Minute

// Up makes one cluster. Its phases share what earlier ones found.
type Up struct {
	Config
	docker  *provider.Docker // from the first phase on
	cluster provider.Cluster

	facts        host.Facts
	addon        plugin.Addon
	found        images.Set
	versions     map[string]string // of Kubernetes, by node image, where there are patches
	sources      sources           // of the addon
	manifests    []manifest
	client       *kube.Client
	planned      DryRunResult
	workers      *background            // once they join
	renewed      verify.LeaseRenewTimes // of the nodes' leases, when all had joined
	verification *verification
	// installTokenKey puts the key for tokens onto the first control plane.
	installTokenKey func(context.Context) error
	// stopApproving ends the approval of the kubelets' certificates, once it has begun.
	stopApproving func()
	ownsNodes     bool // the nodes, as far as they are there, are this run's

	// Left says that something was made and could not be removed.
	Left bool
	// Existed says that the cluster was there and nothing was changed in it.
	Existed bool
	// Version is the Kubernetes version that the new cluster runs.
	Version string
	// Report is the verdict on the cluster.
	Report verify.Report
}

// NewUp prepares to make a cluster.
func NewUp(config Config) *Up { return &Up{Config: config} }

// open connects to Docker.
func (u *Up) open(ctx context.Context) error {
	docker, err := u.Docker.Open(ctx)
	if err != nil {
		return err
	}
	u.docker = docker.WithSink(u.Sink)
	u.cluster = u.docker.Cluster(u.Topology.Name)
	return nil
}

// connection makes sure that there is one to open, and returns what ends it if it is
// the run's own.
func (u *Up) connection() (closeOwn func()) {
	if u.Docker != nil {
		return func() {}
	}
	own := &provider.Connection{}
	u.Docker = own
	return func() { _ = own.Close() }
}

// network is the Docker network that the nodes are on.
func (u *Up) network() string { return provider.NetworkName(u.Topology.Network) }

// Run works through the plan.
func (u *Up) Run(ctx context.Context) (err error) {
	if !u.Locked {
		release, err := runs.Lock(u.Topology.Name)
		if err != nil {
			return err
		}
		defer release()
	}
	if u.RunRecord == nil {
		if u.RunRecord, err = runs.Open("up", u.Topology.Name); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, u.RunRecord.End(!u.Left)) }()
	}
	defer func() {
		if u.stopApproving != nil {
			u.stopApproving()
		}
		if u.From != nil {
			u.Version, u.Report = u.From.Close()
		}
	}()
	defer u.connection()()
	err = plan.Run(ctx, u.Plan(), plan.Options{Sink: u.Sink, Examine: u.examine, Retain: u.Retain, Retainable: true, UndoTimeout: undoTimeout})
	if err != nil && u.Retain && u.workers != nil {
		<-u.workers.ended // what is kept should be whole
	}
	if err != nil && u.Retain && u.ownsNodes {
		u.explainRetained(context.WithoutCancel(ctx))
	}
	return err
}

// examine shows the caller the cluster, as far as it answers.
func (u *Up) examine(ctx context.Context, err error) {
	if u.Examine == nil || u.client == nil && !u.ownsNodes {
		return
	}
	if u.client == nil && u.connect(ctx) != nil {
		u.client = nil
	}
	u.Examine(ctx, u.client, u.Report, err)
}

// explainRetained says how to look at a cluster that failed and was kept.
func (u *Up) explainRetained(ctx context.Context) {
	name := u.Topology.Name
	look := "docker ps -a --filter label=io.x-k8s.kind.cluster=" + name
	if u.client != nil && u.merge(ctx) == nil {
		look = fmt.Sprintf("kubectl --context %s get pods -A -o wide", provider.Context(name))
	}
	event.Inform(u.Sink, event.Phase, "retain", fmt.Sprintf("cluster %s was kept; inspect it: %s; remove it: kindctl down -n %s", name, look, name))
}

// connect opens the cluster's API.
func (u *Up) connect(ctx context.Context) error {
	kubeconfig, err := u.cluster.Kubeconfig(ctx, false)
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	u.client, err = kube.FromKubeconfigData([]byte(kubeconfig))
	if err == nil && u.Observe != nil {
		u.Observe(u.client)
	}
	return err
}

// pooled says why the user's kubeconfig is left alone, if it is.
func (u *Up) pooled() string {
	if u.Pool != "" {
		return "the cluster is for the pool"
	}
	return ""
}

func (u *Up) mergeKubeconfig(ctx context.Context, _ *event.Span) (string, error) {
	if err := u.merge(ctx); err != nil {
		return "", hint.KubeconfigFailed.Wrap(err, "the kubeconfig could not be merged",
			"check the file's permissions, then: kindctl kubeconfig merge -n "+u.Topology.Name)
	}
	return "context " + provider.Context(u.Topology.Name), nil
}
