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
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// File is one that is written into a container.
type File struct {
	// Path is absolute.
	Path    string
	Mode    int64
	Content []byte
}

// WriteFiles writes files into a node, and makes the directories that they are in.
func (n *Node) WriteFiles(ctx context.Context, files ...File) error {
	archive, err := packed(time.Now(), files...)
	if err != nil {
		return err
	}
	return n.unpack(ctx, archive)
}

// fileLimit is far beyond any file that is read from a node.
const fileLimit = 1 << 20

// ReadFile returns a file of a node, whether it runs or not, at most a mebibyte. The
// error of a file that is not there is fs.ErrNotExist.
func (n *Node) ReadFile(ctx context.Context, path string) ([]byte, error) {
	copied, err := n.docker.api.CopyFromContainer(ctx, n.Name, client.CopyFromContainerOptions{SourcePath: path})
	if errdefs.IsNotFound(err) {
		return nil, fmt.Errorf("%s in %s: %w", path, n.Name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", path, n.Name, err)
	}
	defer copied.Content.Close()
	archive := tar.NewReader(copied.Content)
	header, err := archive.Next()
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", path, n.Name, err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("%s in %s is no file", path, n.Name)
	}
	return io.ReadAll(io.LimitReader(archive, fileLimit))
}

// HasFile reports whether a node has a file at an absolute path.
func (n *Node) HasFile(ctx context.Context, path string) (bool, error) {
	_, err := n.ReadFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// unpack writes what is in an archive, by paths from the root.
func (n *Node) unpack(ctx context.Context, archive []byte) error {
	if _, err := n.docker.api.CopyToContainer(ctx, n.Name, client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(archive)}); err != nil {
		return fmt.Errorf("write into %s: %w", n.Name, err)
	}
	return nil
}

// packed are files as Docker takes them.
func packed(at time.Time, files ...File) ([]byte, error) {
	var archive bytes.Buffer
	tarred := tar.NewWriter(&archive)
	made := map[string]bool{"/": true}
	var failures []error
	for _, file := range files {
		var above []string
		for dir := path.Dir(file.Path); !made[dir]; dir = path.Dir(dir) {
			above, made[dir] = append([]string{dir}, above...), true
		}
		for _, dir := range above {
			failures = append(failures, tarred.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755, ModTime: at}))
		}
		failures = append(failures, tarred.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(file.Path, "/"), Mode: file.Mode, ModTime: at, Size: int64(len(file.Content))}))
		_, err := tarred.Write(file.Content)
		failures = append(failures, err)
	}
	return archive.Bytes(), errors.Join(append(failures, tarred.Close())...)
}
