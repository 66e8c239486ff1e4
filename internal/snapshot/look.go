package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// authorityFile is the certificate of the authority that everything in a cluster trusts.
const authorityFile = "/etc/kubernetes/pki/ca.crt"

// nodesOf are the containers of a cluster that have state: all but the load balancer.
func nodesOf(ctx context.Context, cluster provider.Cluster) ([]*provider.Node, error) {
	nodes, err := cluster.Nodes(ctx)
	return slices.DeleteFunc(nodes, func(n *provider.Node) bool { return !n.HasKubelet() }), err
}

// metadataOf refuses a cluster without metadata, which could not say that a reset of it has not
// ended.
func metadataOf(ctx context.Context, cluster provider.Cluster) (provider.Metadata, error) {
	metadata, has, err := cluster.Metadata(ctx)
	if err == nil && !has {
		err = hint.ClusterForeign.New(fmt.Sprintf("kindctl did not make cluster %s, and can neither save nor reset it", cluster.Name),
			"make one that it can: kindctl up --snapshot -n NAME")
	}
	return metadata, err
}

// authorityOf identifies a cluster: see Manifest.Authority.
func authorityOf(ctx context.Context, cluster string, nodes []*provider.Node) (string, error) {
	at := slices.IndexFunc(nodes, func(n *provider.Node) bool { return n.Role == clusters.ControlPlane })
	broken := hint.ClusterBroken.New(fmt.Sprintf("cluster %s was never finished", cluster), "remove it: kindctl down -n "+cluster)
	if at < 0 {
		return "", broken
	}
	certificate, err := nodes[at].ReadFile(ctx, authorityFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", broken
	}
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:]), err
}

// ensureWithin refuses nodes with state where a snapshot does not reach.
func ensureWithin(ctx context.Context, nodes []*provider.Node) error {
	var outside []string
	for _, node := range nodes {
		if further := len(node.Volumes) - 1; further > 0 {
			outside = append(outside, fmt.Sprintf("%s has volumes beside /var: %d", node.Name, further))
		}
		mounts, err := node.Mounts(ctx)
		if err != nil {
			return err
		}
		shown := make([]clusters.Mount, len(mounts))
		for i, m := range mounts {
			shown[i] = clusters.Mount{HostPath: m.HostPath, ContainerPath: m.Path}
		}
		for _, dir := range clusters.StateDirs(node.Role, shown) {
			outside = append(outside, fmt.Sprintf("%s keeps the state of %s in %s of this host", node.Name, dir.Owner, dir.HostPath))
		}
	}
	if len(outside) == 0 {
		return nil
	}
	return hint.SnapshotImpossible.New("the snapshot would be incomplete: "+strings.Join(outside, ", "),
		"leave the mounts out of the configuration, and recreate the cluster")
}
