package pool

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/provider"
)

// What runs in a node that is paused does not see time pass. When it is resumed, two of them
// would draw wrong conclusions from that.
//
// A kubelet that has not seen its container runtime for half a minute reports its node as not
// ready, in the moment in which it looks again, and corrects that ten seconds later. It ends
// before the pause, and is started after it, when it looks first and then reports. A controller
// manager evaluates nodes by what it knew before: see standBy.

// guard is how long after their end the kubelets are started again. It passes while the nodes
// are paused, so that they start in the moment in which the nodes are resumed.
const guard = time.Minute

const startKubelet = "systemctl start --no-block kubelet"

// endKubelet stops a kubelet until the guard is over.
var endKubelet = fmt.Sprintf("systemctl stop kubelet && { setsid sh -c 'sleep %.0f; %s' </dev/null >/dev/null 2>&1 & }",
	guard.Seconds(), startKubelet)

// freezeTimeout bounds a freeze.
const freezeTimeout = 4 * time.Minute

// freeze pauses a cluster in a state from which it goes on at once. When it fails, the cluster
// may be paused in part.
func freeze(ctx context.Context, cluster provider.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, freezeTimeout)
	defer cancel()
	client, err := health.Connect(ctx, cluster)
	if err != nil {
		return err
	}
	if _, err := health.Settled(ctx, client); err != nil {
		return err
	}
	nodes, err := cluster.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if err := node.SetCPUShares(ctx, provider.NormalCPUShares); err != nil {
			return err
		}
	}
	others, err := standBy(ctx, client, nodes)
	if err != nil {
		return err
	}
	ended := time.Now()
	if err := onNodes(ctx, nodes, (*provider.Node).IsKubernetes, endKubelet); err != nil {
		return err
	}
	if err := end(ctx, nodes, others); err != nil {
		return err
	}
	if err := provider.Pause(ctx, nodes); err != nil {
		return err
	}
	if time.Since(ended) > guard {
		return fmt.Errorf("it took longer than %v, and kubelets run again", guard)
	}
	return nil
}

// thaw resumes the nodes of a cluster that was frozen at a time.
func thaw(ctx context.Context, nodes []*provider.Node, frozen time.Time) error {
	if err := provider.Unpause(ctx, nodes); err != nil {
		return err
	}
	if time.Since(frozen) > guard {
		return nil
	}
	return onNodes(ctx, nodes, (*provider.Node).IsKubernetes, startKubelet)
}

func isControlPlane(n *provider.Node) bool { return n.Role == clusters.ControlPlane }

// onNodes runs a script on nodes at the same time.
func onNodes(ctx context.Context, nodes []*provider.Node, which func(*provider.Node) bool, script string) error {
	var group errgroup.Group
	for _, node := range nodes {
		if which(node) {
			group.Go(func() error {
				_, err := node.Output(ctx, "sh", "-c", script)
				return err
			})
		}
	}
	return group.Wait()
}
