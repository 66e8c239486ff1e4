package snapshot

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Restore brings a snapshot into the containers of a new cluster, which has the name, and so
// the nodes, of the one that was saved.
type Restore struct {
	reset Reset
	start *lifecycle.Start
	// releaseNetwork lets others remove the nodes' network, which these leave for moments.
	releaseNetwork func()
}

// NewRestore prepares to restore a snapshot that was read.
func NewRestore(m Manifest, config ResetConfig) *Restore {
	r := &Restore{reset: Reset{ResetConfig: config, manifest: m, fresh: true, begun: true}, releaseNetwork: func() {}}
	config.Start.Before = []plan.Phase{
		{Name: "unpack", Title: "Unpack the snapshot in the nodes", Estimate: 3 * time.Second, Run: r.unpack},
		{Name: "replace", Title: "Stop the nodes and replace their data", Estimate: 3 * time.Second, Run: r.replace},
	}
	r.start = lifecycle.NewStart(config.Start)
	return r
}

// Plan is the part of the recipe of "up --from" between the containers and the kubeconfig.
func (r *Restore) Plan() []plan.Phase {
	phases := slices.DeleteFunc(r.start.Plan(), func(phase plan.Phase) bool { return phase.Name == "kubeconfig" }) // no file has the context
	return append(phases, plan.Phase{Name: "tidy", Title: "Clean up after the restore", Estimate: time.Second, Run: r.tidy})
}

// Subnets are those of the network that the nodes were on.
func (r *Restore) Subnets() []netip.Prefix { return r.reset.manifest.Subnets }

// Fixed are addresses that nodes must have: those at which several members of etcd look for
// each other.
func (r *Restore) Fixed() (addresses []netip.Addr) {
	roles := map[string][]netip.Addr{}
	for _, node := range r.reset.manifest.Nodes {
		roles[node.Role] = append(roles[node.Role], node.Addresses...)
	}
	planes := slices.ContainsFunc(r.reset.manifest.Nodes, func(node Node) bool {
		return node.Role == clusters.ControlPlane && node.Name != provider.NodeName(r.reset.manifest.Cluster, clusters.ControlPlane, 1)
	})
	if !planes || len(roles[clusters.EtcdMember]) > 0 {
		return nil
	}
	return roles[clusters.ControlPlane]
}

// Fit returns an error with advice when the snapshot is damaged, or would not fit containers
// that are going to be made on a network.
func (r *Restore) Fit(ctx context.Context, planned []provider.PlannedNode, network string) error {
	docker, m := r.reset.Start.Docker, r.reset.manifest
	machine, err := docker.Machine(ctx)
	if err != nil {
		return err
	}
	if m.Machine.Architecture != machine.Architecture || m.Machine.Cgroup != machine.Cgroup {
		return impossible(m, m.otherMachine(machine), "use one that was taken on such a machine")
	}
	images := map[string]string{} // IDs, by name
	for _, one := range planned {
		if images[one.Image], err = docker.ImageID(ctx, one.Image); err != nil {
			return err
		}
	}
	if err := m.fitsPlanned(planned, images); err != nil {
		return err
	}
	problem, err := docker.AddressProblem(ctx, network, r.Fixed())
	if err != nil {
		return err
	}
	if problem != "" {
		return impossible(m, "the members of its etcd must have their addresses, and "+problem, "remove what is on that network, and then the network: docker network rm "+network)
	}
	return r.reset.Store.Check(ctx, m)
}

// fitsPlanned compares a snapshot with containers that are going to be made of images.
func (m Manifest) fitsPlanned(planned []provider.PlannedNode, images map[string]string) error {
	var saved, names []string
	for _, node := range m.Nodes {
		saved = append(saved, node.Name)
	}
	for _, one := range planned {
		if !one.HasKubelet() {
			continue
		}
		names = append(names, one.Name)
		at := slices.IndexFunc(m.Nodes, func(node Node) bool { return node.Name == one.Name && node.Role == one.Role })
		if at < 0 || images[one.Image] == "" || m.Nodes[at].Image == images[one.Image] {
			continue // the names are compared below, and a missing image is refused when it is needed
		}
		return impossible(m, fmt.Sprintf("%s was made from %s with the ID %s, and %s here is %s", one.Name, m.Nodes[at].ImageName, m.Nodes[at].Image, one.Image, images[one.Image]),
			"bring that image here: docker save IMAGE | docker load")
	}
	slices.Sort(saved)
	if slices.Sort(names); !slices.Equal(saved, names) {
		return impossible(m, fmt.Sprintf("it has the nodes %s, and a new cluster would have %s", strings.Join(saved, ", "), strings.Join(names, ", ")),
			"restore one that was taken before nodes were removed")
	}
	return nil
}

func impossible(m Manifest, why, advice string) error {
	return hint.RestoreImpossible.New(fmt.Sprintf("no cluster can be made here from snapshot %s of cluster %s: %s", m.Name, m.Cluster, why), advice)
}

func (r *Restore) unpack(ctx context.Context, span *event.Span) (_ string, err error) {
	if r.reset.nodes, err = nodesOf(ctx, r.reset.cluster()); err != nil {
		return "", err
	}
	release, err := runs.ShareNetwork(ctx, r.reset.nodes[0].Network)
	if err != nil {
		return "", err
	}
	r.releaseNetwork = release
	return r.reset.unpack(ctx, span)
}

// replace has the load balancer come after the nodes, which get the addresses that they had.
func (r *Restore) replace(ctx context.Context, span *event.Span) (string, error) {
	if _, err := r.reset.replace(ctx, span); err != nil {
		return "", err
	}
	return "", r.reset.failed(r.reset.cluster().Vacate(ctx))
}

func (r *Restore) tidy(ctx context.Context, _ *event.Span) (string, error) {
	if err := r.reset.end(ctx); err != nil {
		return "", err
	}
	return "", r.reset.failed(closeHelpers(ctx, r.reset.helpers))
}

// Close ends what the plan has begun, and returns the version of Kubernetes and the verdict.
func (r *Restore) Close() (version string, verdict verify.Report) {
	r.start.Close()
	r.releaseNetwork()
	return r.reset.manifest.Kubernetes, r.start.Report
}
