package kubeadm

import (
	"context"
	"errors"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/provider"
)

// Joiner runs kubeadm join on nodes of a cluster, which have its configuration.
type Joiner struct {
	Cluster provider.Cluster
	// ControlPlane is the name of a node whose keys the others get.
	ControlPlane string
	// ExternalEtcd is true if control planes are clients of an external etcd.
	ExternalEtcd bool
	// Progress is called with which nodes are joining, and how many have joined of how many.
	Progress func(message string, completed, total int64)
}

// kubernetesDir is where kubeadm has its files.
const kubernetesDir = "/etc/kubernetes"

// pki is what control planes have in common (kubeadm, and kind v0.33.0,
// pkg/cluster/internal/create/actions/kubeadminit).
var pki = []string{
	kubernetesDir + "/pki/ca.crt", kubernetesDir + "/pki/ca.key",
	kubernetesDir + "/pki/front-proxy-ca.crt", kubernetesDir + "/pki/front-proxy-ca.key",
	kubernetesDir + "/pki/sa.pub", kubernetesDir + "/pki/sa.key", kubernetesDir + "/pki/etcd/ca.crt", kubernetesDir + "/pki/etcd/ca.key",
}

// ControlPlanes joins nodes one after the other: each is a member of etcd before the
// next comes.
func (j Joiner) ControlPlanes(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	files := pki
	if j.ExternalEtcd {
		files = append([]string{APIServerEtcdClient + ".crt", APIServerEtcdClient + ".key", EtcdClientManifest}, pki...)
	}
	var to []*provider.Node
	for _, name := range names {
		to = append(to, j.Cluster.Node(name))
	}
	if err := j.Cluster.Node(j.ControlPlane).CopyFiles(ctx, to, kubernetesDir, files...); err != nil {
		return err
	}
	for i, node := range to {
		j.Progress("kubeadm join on "+node.Name, int64(i), int64(len(to)))
		if err := node.Join(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Workers joins nodes in parallel. A failure of one does not stop the others.
func (j Joiner) Workers(ctx context.Context, names []string) error {
	var group errgroup.Group
	var mutex sync.Mutex
	var failures []error
	joined := int64(0)
	j.Progress("kubeadm join on "+strings.Join(names, ", "), 0, 0)
	for _, name := range names {
		group.Go(func() error {
			err := j.Cluster.Node(name).Join(ctx)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				failures = append(failures, err)
				return nil
			}
			joined++
			j.Progress(name+" has joined", joined, int64(len(names)))
			return nil
		})
	}
	_ = group.Wait() // the failures are together
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failures...)
}
