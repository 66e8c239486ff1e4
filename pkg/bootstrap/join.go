package bootstrap

import (
	"context"
	"errors"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/provider"
)

// joiner is how nodes become those of a cluster. kubeadm's configuration is in them.
type joiner struct {
	cluster provider.Cluster
	// plane is a control plane of the cluster.
	plane string
	// externalEtcd says that control planes are clients of an external etcd.
	externalEtcd bool
	// progress is told who has joined, and how many of how many.
	progress func(message string, completed, total int64)
}

const kubernetesDir = "/etc/kubernetes"

// pki is what control planes have in common (kubeadm, and kind v0.33.0,
// pkg/cluster/internal/create/actions/kubeadminit).
var pki = []string{
	kubernetesDir + "/pki/ca.crt", kubernetesDir + "/pki/ca.key", kubernetesDir + "/pki/front-proxy-ca.crt", kubernetesDir + "/pki/front-proxy-ca.key",
	kubernetesDir + "/pki/sa.pub", kubernetesDir + "/pki/sa.key", kubernetesDir + "/pki/etcd/ca.crt", kubernetesDir + "/pki/etcd/ca.key",
}

// controlPlanes has nodes join one after the other: each is a member of etcd before the
// next comes.
func (j joiner) controlPlanes(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	files := pki
	if j.externalEtcd {
		files = append([]string{apiServerKeys + ".crt", apiServerKeys + ".key", etcdClientManifest}, pki...)
	}
	var to []*provider.Node
	for _, name := range names {
		to = append(to, j.cluster.Node(name))
	}
	if err := j.cluster.Node(j.plane).CopyFiles(ctx, to, kubernetesDir, files...); err != nil {
		return err
	}
	for i, node := range to {
		j.progress("kubeadm join on "+node.Name, int64(i), int64(len(to)))
		if err := node.Join(ctx); err != nil {
			return err
		}
	}
	return nil
}

// workers has nodes join at once. One that cannot does not keep the others.
func (j joiner) workers(ctx context.Context, names []string) error {
	var group errgroup.Group
	var mutex sync.Mutex
	var failures []error
	joined := int64(0)
	j.progress("kubeadm join on "+strings.Join(names, ", "), 0, 0)
	for _, name := range names {
		group.Go(func() error {
			err := j.cluster.Node(name).Join(ctx)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				failures = append(failures, err)
				return nil
			}
			joined++
			j.progress(name+" has joined", joined, int64(len(names)))
			return nil
		})
	}
	_ = group.Wait() // the failures are together
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failures...)
}
