package kindctl

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Cluster is one of a Docker, whether kindctl made it, or kind.
type Cluster struct {
	Name string `json:"name"`
	// Nodes are its containers, with the load balancer, of which Running run.
	Nodes   int `json:"nodes"`
	Running int `json:"running"`
	// Kindctl says that kindctl made it, and not kind or someone else with kind.
	Kindctl bool `json:"kindctl"`
	// Pooled says that it is in the pool, or is being made for it.
	Pooled bool `json:"pooled,omitempty"`
	Origin
}

// Origin says who made a cluster, and until when. It is empty for one that kind made, or
// an older kindctl, or one so new that this one cannot read what it wrote.
type Origin struct {
	// Owner is who made it, user@host, and Run the ID of the run that did.
	Owner   string    `json:"owner,omitempty"`
	Run     string    `json:"run,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// Expires is when GC may remove it; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
	// SecondsLeft are negative once the cluster has expired; nil is never.
	SecondsLeft *int64 `json:"secondsLeft,omitempty"`
}

func originOf(metadata provider.Metadata, now time.Time) Origin {
	o := Origin{Owner: metadata.Owner, Run: metadata.Run, Created: metadata.Created, Expires: metadata.Expires}
	if left, limited := metadata.Left(now); limited {
		seconds := int64(left.Round(time.Second) / time.Second)
		o.SecondsLeft = &seconds
	}
	return o
}

// Clusters returns all clusters in Docker, kindctl's and others of kind, sorted by name.
func (c *Client) Clusters(ctx context.Context) ([]Cluster, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	inventories, err := docker.Inventories(ctx)
	if err != nil {
		return nil, err
	}
	found := []Cluster{}
	for _, inventory := range inventories {
		found = append(found, clusterOf(inventory, time.Now()))
	}
	return found, nil
}

func clusterOf(inventory provider.Inventory, now time.Time) Cluster {
	metadata, made, _ := inventory.Metadata() // one that a newer kindctl made is listed too
	cluster := Cluster{Name: inventory.Cluster, Nodes: len(inventory.Nodes), Kindctl: made, Pooled: metadata.Pool != "", Origin: originOf(metadata, now)}
	for _, node := range inventory.Nodes {
		if node.Running() {
			cluster.Running++
		}
		if metadata.Created.IsZero() && (cluster.Created.IsZero() || node.Created.Before(cluster.Created)) {
			cluster.Created = node.Created
		}
	}
	return cluster
}

// Node is a container of a cluster.
type Node struct {
	Name string `json:"name"`
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role string `json:"role"`
	// Address is the one on the clusters' network, "" while the node does not run.
	Address string `json:"address"`
}

// Nodes returns the containers of a cluster, sorted by name; "" is DefaultName.
func (c *Client) Nodes(ctx context.Context, name string) ([]Node, error) {
	_, cluster, err := c.existing(ctx, name)
	if err != nil {
		return nil, err
	}
	nodes, err := cluster.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	found := []Node{}
	for _, node := range nodes {
		found = append(found, Node{Name: node.Name, Role: node.Role, Address: node.Address})
	}
	return found, nil
}

// KubeconfigOptions are those of Kubeconfig.
type KubeconfigOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Internal has the address that works for containers on the clusters' network.
	Internal bool
}

// Kubeconfig returns the kubeconfig of a cluster.
func (c *Client) Kubeconfig(ctx context.Context, o KubeconfigOptions) ([]byte, error) {
	_, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	return kubeconfigOf(ctx, cluster, o.Internal)
}

// kubeconfigOf returns the kubeconfig of a cluster. If there is none, the error says why.
func kubeconfigOf(ctx context.Context, cluster provider.Cluster, internal bool) ([]byte, error) {
	kubeconfig, err := cluster.Kubeconfig(ctx, internal)
	if err != nil {
		if stopped := lifecycle.EnsureRunning(ctx, cluster); stopped != nil {
			return nil, stopped
		}
		return nil, hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s has no kubeconfig", cluster.Name),
			"remove it: kindctl down -n "+cluster.Name)
	}
	return []byte(kubeconfig), nil
}

// MergeKubeconfigOptions are those of MergeKubeconfig.
type MergeKubeconfigOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Kubeconfig is the file to merge into; "" means KUBECONFIG or the default file.
	Kubeconfig string
	// KeepContext leaves the file's current context as it is.
	KeepContext bool
}

// MergeKubeconfig adds the context of a cluster that runs to a kubeconfig, or restores
// it, and returns the file. Down removes it from there.
func (c *Client) MergeKubeconfig(ctx context.Context, o MergeKubeconfigOptions) (file string, err error) {
	_, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return "", err
	}
	if err := lifecycle.EnsureRunning(ctx, cluster); err != nil {
		return "", err
	}
	return lifecycle.MergeKubeconfig(ctx, cluster, o.Kubeconfig, o.KeepContext)
}
