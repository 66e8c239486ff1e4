package snapshot

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/provider"
)

// makeHelpers makes a helper for each node. Those that were made are returned with an error too.
func makeHelpers(ctx context.Context, nodes []*provider.Node) ([]*provider.Helper, error) {
	helpers := make([]*provider.Helper, len(nodes))
	var group errgroup.Group
	for i, node := range nodes {
		group.Go(func() (err error) {
			helpers[i], err = node.Helper(ctx)
			return err
		})
	}
	return helpers, group.Wait()
}

// closeHelpers removes helpers, whatever has ended the context.
func closeHelpers(ctx context.Context, helpers []*provider.Helper) error {
	ctx = context.WithoutCancel(ctx)
	failures := make([]error, len(helpers))
	var group errgroup.Group
	for i, helper := range helpers {
		if helper != nil {
			group.Go(func() error { failures[i] = helper.Close(ctx); return nil })
		}
	}
	_ = group.Wait()
	return errors.Join(failures...)
}
