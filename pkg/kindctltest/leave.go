package kindctltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/scratch"
)

// leave ends this process's use of all shared clusters, and removes those that
// tests made and nobody uses any more.
func (c *community) leave(failed bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	var failures []error
	for name, here := range c.shares {
		if here.cluster != nil {
			failures = append(failures, c.part(ctx, here, failed))
		}
		delete(c.shares, name)
	}
	return errors.Join(failures...)
}

// part leaves one cluster.
func (c *community) part(ctx context.Context, here *share, failed bool) error {
	here.users.exit()
	name := here.cluster.Name
	if failed && here.settings.retain {
		fmt.Fprintf(os.Stderr, "cluster %s is kept; remove it: kindctl down -n %s\n", name, name)
		return nil
	}
	alone, err := here.users.alone()
	if err != nil || !alone {
		return err // the last one removes it
	}
	defer here.users.exit()
	made, err := here.users.remembered()
	if err != nil || made == "" {
		return err // it was there before
	}
	id, err := c.identity(ctx, here.cluster)
	if err != nil {
		return hint.RemoveFailed.Wrap(err, "it is not certain that cluster "+name+" is the one that tests made, so it stays", "remove it: kindctl down -n "+name)
	}
	if id != made {
		return nil // somebody else's, made meanwhile
	}
	private, remove, err := scratch.Dir("test")
	if err != nil {
		return err
	}
	defer remove()
	if err := c.down(ctx, name, filepath.Join(private, "kubeconfig"), report.NewConsole(os.Stderr, report.Style{})); err != nil {
		return hint.RemoveFailed.Wrap(err, "something of cluster "+name+" may be left", "remove it: kindctl down -n "+name)
	}
	return here.users.remember("")
}
