package provider

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Engine does to a cluster's containers what kind's library has no word for:
// it stops and starts them, reads files of those that do not run, and makes and
// removes their networks. It speaks to Docker's own API.
type Engine struct {
	docker *client.Client
}

// NewEngine returns an Engine for a client that the caller closes.
func NewEngine(c *client.Client) *Engine { return &Engine{docker: c} }

// fileLimit is far beyond any file that is read from a node.
const fileLimit = 1 << 20

// ReadFile returns a file of a container, whether it runs or not. The error of
// a file that is not there is fs.ErrNotExist.
func (e *Engine) ReadFile(ctx context.Context, container, path string) ([]byte, error) {
	copied, err := e.docker.CopyFromContainer(ctx, container, client.CopyFromContainerOptions{SourcePath: path})
	if errdefs.IsNotFound(err) {
		return nil, fmt.Errorf("%s in %s: %w", path, container, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", path, container, err)
	}
	defer copied.Content.Close()
	archive := tar.NewReader(copied.Content)
	header, err := archive.Next()
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", path, container, err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("%s in %s is no file", path, container)
	}
	return io.ReadAll(io.LimitReader(archive, fileLimit))
}
