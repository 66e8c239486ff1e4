package bootstrap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
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
	// WaitTimeout bounds each wait for something to become ready.
	WaitTimeout time.Duration
	// Retain keeps the cluster when something fails.
	Retain bool
	// Examine looks at a cluster that failed before it is removed: its API, its
	// verdict if there is one, and the error. Nil does not look. It is not called
	// after an interrupt, nor when there is no API that could be asked.
	Examine func(context.Context, *kube.Client, verify.Report, error)
	// Places are where CNI and images come from.
	Places Places
	// Sink receives what happens.
	Sink event.Sink
}

// undoTimeout bounds the removal of a cluster that failed.
const undoTimeout = 2 * time.Minute

// Up makes one cluster. Its phases share what earlier ones found.
type Up struct {
	Config
	provider *provider.Provider

	facts     host.Facts
	addon     Addon
	found     images.Set
	manifests []manifest
	client    *kube.Client
	begun     bool // the nodes, as far as they are there, are this run's
	unsettled bool // a creation failed and may still be under way

	// Existed says that the cluster was there and nothing was changed.
	Existed bool
	// Version is the Kubernetes version that the new cluster runs.
	Version string
	// Report is the verdict on the cluster.
	Report verify.Report
}

// NewUp prepares to make a cluster.
func NewUp(config Config) *Up {
	up := &Up{Config: config, provider: provider.New(config.Sink)}
	up.provider.Network = config.Topology.Network
	return up
}

// Run works through the plan.
func (u *Up) Run(ctx context.Context) error {
	release, err := Claim(u.Topology.Name)
	if err != nil {
		return err
	}
	defer release()
	err = Run(ctx, u.Plan(), Options{Sink: u.Sink, Examine: u.examine, Retain: u.Retain, UndoTimeout: undoTimeout})
	if err != nil && u.Retain && u.begun {
		u.introduce(context.WithoutCancel(ctx))
	}
	return err
}

// examine shows the caller the cluster, as far as it answers.
func (u *Up) examine(ctx context.Context, err error) {
	if u.Examine == nil || u.client == nil && (!u.begun || u.connect() != nil) {
		return
	}
	u.Examine(ctx, u.client, u.Report, err)
}

// introduce says how to look at a cluster that failed and was kept.
func (u *Up) introduce(ctx context.Context) {
	name := u.Topology.Name
	look := "docker ps -a --filter label=io.x-k8s.kind.cluster=" + name
	if u.client != nil && u.provider.MergeKubeconfig(ctx, name, u.Kubeconfig) == nil {
		look = fmt.Sprintf("kubectl --context %s get pods -A -o wide", provider.Context(name))
	}
	u.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "retain",
		Message: fmt.Sprintf("cluster %s is kept; look: %s; remove it: kindctl down -n %s", name, look, name)})
}

// Expectation is what the cluster should look like once it is up.
func (u *Up) expectation() verify.Expectation {
	t := u.Topology
	return verify.Expectation{
		ControlPlanes: t.ControlPlanes, Workers: t.Workers, EtcdMembers: t.ControlPlanes,
		ProxyMode: t.ProxyMode, CNI: t.CNI, ProbeImage: u.Places.Probe,
	}
}

func (u *Up) create(ctx context.Context, span *event.Span) (string, error) {
	// Finding images may have taken long enough for somebody else to come first.
	if nodes, err := u.provider.Nodes(u.Topology.Name); err != nil {
		return "", err
	} else if len(nodes) > 0 {
		return "", hint.New(hint.Creation, "CLUSTER_FOREIGN", fmt.Sprintf("somebody else has just made a cluster %s", u.Topology.Name), "choose another name")
	}
	release, err := u.holdNetwork(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	private, err := os.MkdirTemp("", "kindctl-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(private)
	config := u.Topology.KindConfig(clusters.NodeSettings{Image: u.found.Node, CgroupV1: u.facts.CgroupV1, CPUs: u.facts.CPUs, MemoryBytes: u.facts.MachineMemoryBytes})
	u.begun = true
	if err := u.provider.Create(ctx, config, filepath.Join(private, "kubeconfig"), span); err != nil {
		u.unsettled = true
		return "", hint.Wrap(err, hint.Creation, "CREATE_FAILED", "the nodes could not be made",
			"run again with --retain and look into a node: docker logs "+u.Topology.Name+"-control-plane")
	}
	if err := u.connect(); err != nil {
		return "", err
	}
	if err := u.record(ctx); err != nil {
		return "", err
	}
	if u.Version, err = u.client.Version(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d nodes from %s", u.Topology.Nodes(), u.found.Node), nil
}

// remove takes back create, and what a creation that failed still makes.
func (u *Up) remove(ctx context.Context) error {
	if !u.begun {
		return nil
	}
	if err := Remove(ctx, u.provider, u.Topology.Name, u.Kubeconfig, u.unsettled); err != nil {
		return hint.Wrap(err, hint.Creation, "REMOVE_FAILED", "something of cluster "+u.Topology.Name+" may be left", "remove it: kindctl down -n "+u.Topology.Name)
	}
	return nil
}

// connect opens the cluster's API.
func (u *Up) connect() error {
	kubeconfig, err := u.provider.Kubeconfig(u.Topology.Name, false)
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	u.client, err = kube.FromKubeconfigData([]byte(kubeconfig))
	return err
}

func (u *Up) mergeKubeconfig(ctx context.Context, _ *event.Span) (string, error) {
	if err := u.provider.MergeKubeconfig(ctx, u.Topology.Name, u.Kubeconfig); err != nil {
		return "", hint.Wrap(err, hint.Creation, "KUBECONFIG_FAILED", "the kubeconfig could not be merged", "check the file's permissions, then: kindctl get kubeconfig -n "+u.Topology.Name)
	}
	return "context " + provider.Context(u.Topology.Name), nil
}
