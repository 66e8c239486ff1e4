package provider

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
)

// LoadImage puts an image archive into every node, all nodes at the same time.
// open is called once for each node.
func (p *Provider) LoadImage(ctx context.Context, name string, open func() (io.ReadCloser, error)) error {
	listed, err := silent().ListInternalNodes(name)
	if err != nil {
		return err
	}
	if len(listed) == 0 {
		return errors.New("the cluster has no nodes")
	}
	var group errgroup.Group
	for _, node := range listed {
		group.Go(func() error {
			archive, err := open()
			if err != nil {
				return err
			}
			defer archive.Close()
			if err := nodeutils.LoadImageArchive(node, readUntil(ctx, archive)); err != nil {
				return fmt.Errorf("load into %s: %w", node, explain(err))
			}
			return nil
		})
	}
	if err := group.Wait(); ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// contextReader ends with its context, and with it the command that reads it.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func readUntil(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (r contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
