package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// restorePlan is the recipe of "up --from".
func (u *Up) restorePlan() []plan.Phase {
	return slices.Concat([]plan.Phase{
		{Name: "preflight", Title: "Check the host", Estimate: time.Second, Run: u.preflight},
		{Name: "existing", Title: "Check for an existing cluster", Estimate: time.Second, Run: u.absent},
		{Name: "images", Title: "Resolve the images", Estimate: time.Second, Run: u.images},
		{Name: "compare", Title: "Compare the snapshot with the new cluster", Estimate: time.Second, Run: u.compare},
		{Name: "create", Title: "Create the containers", Estimate: 6 * time.Second, Run: u.create, Undo: u.remove},
	}, u.From.Plan(), []plan.Phase{
		{Name: "kubeconfig", Title: "Merge the kubeconfig", Estimate: time.Second, Run: u.mergeKubeconfig},
	})
}

// absent refuses a cluster that is there, and a host that cannot carry it.
func (u *Up) absent(ctx context.Context, _ *event.Span) (string, error) {
	nodes, err := u.cluster.Nodes(ctx)
	if err != nil {
		return "", err
	}
	if name := u.Topology.Name; len(nodes) > 0 {
		return "", hint.ClusterExists.New(fmt.Sprintf("there is a cluster %s already", name),
			fmt.Sprintf("bring it back in place: kindctl reset -n %s --to SNAPSHOT; or remove it first: kindctl down -n %s", name, name))
	}
	return "not found; creating it", u.checkHost(ctx)
}

func (u *Up) compare(ctx context.Context, _ *event.Span) (string, error) {
	return "", u.From.Fit(ctx, u.containers(), u.network())
}

// placeEtcd makes the containers of an external etcd, and no member in them.
func (u *Up) placeEtcd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, u.WaitTimeout)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range u.Topology.EtcdNames() {
		group.Go(func() error {
			if err := u.firstNode().Clone(ctx, name, clusters.EtcdMember); err != nil {
				return err
			}
			return u.cluster.Node(name).WaitForBoot(ctx)
		})
	}
	return group.Wait()
}
