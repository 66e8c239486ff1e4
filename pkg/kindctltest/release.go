package kindctltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// release ends this process's use of all shared clusters, and removes those that
// tests created and no one uses any more.
func (c *sharedClusters) release(failed bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	var failures []error
	for name, cluster := range c.byName {
		if cluster.result != nil {
			failures = append(failures, c.releaseOne(ctx, cluster, failed))
		}
		delete(c.byName, name)
	}
	return errors.Join(failures...)
}

func (c *sharedClusters) releaseOne(ctx context.Context, cluster *sharedCluster, failed bool) error {
	cluster.refs.release()
	name := cluster.result.Name
	if failed && cluster.settings.retain {
		fmt.Fprintf(os.Stderr, "cluster %s is kept; remove it: kindctl down -n %s\n", name, name)
		return nil
	}
	last, err := cluster.refs.last()
	if err != nil || !last {
		return err
	}
	defer cluster.refs.release()
	created, err := cluster.refs.createdID()
	if err != nil || created == "" {
		return err // it was there before
	}
	id, err := c.identity(ctx, *cluster.result)
	if err != nil {
		return hint.RemoveFailed.Wrap(err, "it is not certain that cluster "+name+" is the one that tests created, so it stays",
			"remove it: kindctl down -n "+name)
	}
	if id != created {
		return nil // another one, created meanwhile
	}
	private, remove, err := scratch.Dir("test")
	if err != nil {
		return err
	}
	defer remove()
	if err := c.down(ctx, name, filepath.Join(private, "kubeconfig")); err != nil {
		return hint.RemoveFailed.Wrap(err, "something of cluster "+name+" may be left", "remove it: kindctl down -n "+name)
	}
	return cluster.refs.setCreated("")
}

// down removes a cluster outside of any test.
func down(ctx context.Context, name, kubeconfig string) error {
	_, err := client.WithSink(console.New(os.Stderr, console.Style{})).Down(ctx, kindctl.DownOptions{Name: name,
		Kubeconfig: kubeconfig})
	return err
}
