package images

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// File returns a file of an image that Docker has. Docker hands out files of
// containers alone, so one is made for it that never runs.
func (e *Engine) File(ctx context.Context, ref, path string) (data []byte, err error) {
	made, err := e.client.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &container.Config{Image: ref, Cmd: []string{"none"}}})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", path, ref, err)
	}
	defer func() {
		_, removal := e.client.ContainerRemove(
			context.WithoutCancel(ctx), made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true},
		)
		err = errors.Join(err, removal)
	}()
	copied, err := e.client.CopyFromContainer(ctx, made.ID, client.CopyFromContainerOptions{SourcePath: path})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", path, ref, err)
	}
	defer copied.Content.Close()
	archive := tar.NewReader(copied.Content)
	if _, err := archive.Next(); err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", path, ref, err)
	}
	return io.ReadAll(archive)
}
