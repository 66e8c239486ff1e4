package provider

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// CopyFiles copies files from one container to the same places in others, with their
// owners and modes and those of the directories below dir that they are in. It reads
// all of dir once, and writes once to each container.
func (d *Docker) CopyFiles(ctx context.Context, from string, to []string, dir string, files ...string) error {
	read, err := d.api.CopyFromContainer(ctx, from, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return fmt.Errorf("read %s in %s: %w", dir, from, err)
	}
	defer read.Content.Close()
	archive, err := chosenFiles(read.Content, path.Dir(dir), files)
	if err != nil {
		return fmt.Errorf("read %s in %s: %w", dir, from, err)
	}
	var group errgroup.Group
	for _, name := range to {
		group.Go(func() error {
			if _, err := d.api.CopyToContainer(ctx, name, client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(archive)}); err != nil {
				return fmt.Errorf("write into %s: %w", name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// chosenFiles are those of an archive, whose names are below a directory, and the
// directories that they are in.
func chosenFiles(from io.Reader, above string, files []string) ([]byte, error) {
	wanted, directories := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		wanted[file] = true
		for dir := path.Dir(file); dir != "/"; dir = path.Dir(dir) {
			directories[dir] = true
		}
	}
	var chosen bytes.Buffer
	out, in := tar.NewWriter(&chosen), tar.NewReader(from)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name := path.Join(above, header.Name)
		if header.Typeflag == tar.TypeDir && !directories[name] || header.Typeflag != tar.TypeDir && !wanted[name] {
			continue
		}
		delete(wanted, name)
		header.Name = strings.TrimPrefix(name, "/")
		if err := out.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.CopyN(out, in, header.Size); err != nil {
			return nil, err
		}
	}
	for _, file := range files {
		if wanted[file] {
			return nil, fmt.Errorf("%s: %w", file, fs.ErrNotExist)
		}
	}
	return chosen.Bytes(), out.Close()
}
