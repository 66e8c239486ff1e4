package health

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ContainerStates returns how Docker calls the state of each node's container, by the
// node's name, for the cluster's Target.
func ContainerStates(cluster provider.Cluster) func(context.Context) (map[string]string, error) {
	return func(ctx context.Context) (map[string]string, error) {
		nodes, err := cluster.KubernetesNodes(ctx)
		states := make(map[string]string, len(nodes))
		for _, node := range nodes {
			states[node.Name] = node.State
		}
		return states, err
	}
}

// ReadContainerd reads in the containers of a cluster of this host what their containerd
// is configured with, for the cluster's Target.
func ReadContainerd(cluster provider.Cluster) verify.ReadContainerd {
	return func(ctx context.Context, node string, files []string) (verify.Containerd, error) {
		found, err := cluster.Node(node).Containerd(ctx, files)
		return verify.Containerd(found), err
	}
}

// Checks returns the checks for a cluster that is expected to be like this.
type Checks func(verify.Expectation) ([]verify.Check, error)

// Verify runs the checks for a cluster that is expected to be like this.
func Verify(
	ctx context.Context, client *kube.Client, cluster provider.Cluster, expect verify.Expectation, checks Checks, sink event.Sink,
) (verify.Report, error) {
	all, err := checks(expect)
	if err != nil {
		return verify.Report{}, err
	}
	target := verify.NewTarget(client, expect)
	target.Flags, target.Containerd = []string{"-n", cluster.Name}, ReadContainerd(cluster)
	return verify.RunAndClose(ctx, target, all, verify.RunOptions{Sink: sink})
}

// ChecksPassed returns a phase's message on a verification, or the error of that.
func ChecksPassed(report verify.Report, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d checks passed", report.Count(verify.Pass)), nil
}
