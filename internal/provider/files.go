package provider

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
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
	archive, err := archiveFiles(time.Now(), files...)
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
	options := client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(archive)}
	if _, err := n.docker.api.CopyToContainer(ctx, n.Name, options); err != nil {
		return fmt.Errorf("write into %s: %w", n.Name, err)
	}
	return nil
}

// archiveFiles are files as Docker takes them.
func archiveFiles(at time.Time, files ...File) ([]byte, error) {
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
			header := &tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755, ModTime: at}
			failures = append(failures, tarred.WriteHeader(header))
		}
		failures = append(failures, tarred.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: strings.TrimPrefix(file.Path, "/"), Mode: file.Mode, ModTime: at, Size: int64(len(file.Content)),
		}))
		_, err := tarred.Write(file.Content)
		failures = append(failures, err)
	}
	return archive.Bytes(), errors.Join(append(failures, tarred.Close())...)
}

// CopyFiles copies files of a node to the same places in others, with their owners and
// modes and those of the directories below dir that they are in. It reads all of dir
// once, and writes once to each node.
func (n *Node) CopyFiles(ctx context.Context, to []*Node, dir string, files ...string) error {
	read, err := n.docker.api.CopyFromContainer(ctx, n.Name, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return fmt.Errorf("read %s in %s: %w", dir, n.Name, err)
	}
	defer read.Content.Close()
	archive, err := selectFiles(read.Content, path.Dir(dir), files)
	if err != nil {
		return fmt.Errorf("read %s in %s: %w", dir, n.Name, err)
	}
	var group errgroup.Group
	for _, node := range to {
		group.Go(func() error { return node.unpack(ctx, archive) })
	}
	return group.Wait()
}

// selectFiles are those of an archive, whose names are below a directory, and the
// directories that they are in.
func selectFiles(from io.Reader, above string, files []string) ([]byte, error) {
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
		name := path.Join(above, header.Name) //nolint:gosec // it is unpacked in a node
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

// configurationDirs are the directories whose files are the same on all nodes of a cluster
// but come from the cluster's configuration or its user, not from the node image: how
// containerd is configured and finds registries, and the authorities that a node
// trusts, with the bundles and links that update-ca-certificates makes of them.
var configurationDirs = []string{
	"/etc/containerd", "/etc/systemd/system/containerd.service.d", "/usr/local/share/ca-certificates", "/etc/ssl/certs",
}

// entry is a file, link or directory of a container.
type entry struct {
	header  tar.Header
	content []byte
}

// same compares what matters to readers of the file.
func (e entry) same(other entry) bool {
	return e.header.Typeflag == other.header.Typeflag && e.header.Linkname == other.header.Linkname && e.header.Mode == other.header.Mode &&
		sha256.Sum256(e.content) == sha256.Sum256(other.content)
}

// CopyConfiguration gives another node of the cluster those files of configurationDirs in
// which it differs, and returns their paths. What is equal is not written: it may be
// mounted, and read-only.
func (n *Node) CopyConfiguration(ctx context.Context, to *Node) ([]string, error) {
	wanted, differs := map[string]entry{}, []string{}
	for _, dir := range configurationDirs {
		theirs, err := n.tree(ctx, dir)
		if err != nil {
			return nil, err
		}
		own, err := to.tree(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(theirs)) {
			if has, there := own[name]; there && has.same(theirs[name]) {
				continue
			}
			wanted[name] = theirs[name]
			differs = append(differs, name)
		}
	}
	if len(differs) == 0 {
		return nil, nil
	}
	archive, err := archiveEntries(differs, wanted)
	if err != nil {
		return nil, err
	}
	if err := to.unpack(ctx, archive); err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(differs, ", "), err)
	}
	return differs, nil
}

// tree reads a directory of a node, by absolute path. One that is not there has nothing.
func (n *Node) tree(ctx context.Context, dir string) (map[string]entry, error) {
	copied, err := n.docker.api.CopyFromContainer(ctx, n.Name, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", dir, n.Name, err)
	}
	defer copied.Content.Close()
	found := map[string]entry{}
	for archive := tar.NewReader(copied.Content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s in %s: %w", dir, n.Name, err)
		}
		switch header.Typeflag {
		case tar.TypeReg, tar.TypeSymlink, tar.TypeDir:
		default: // sockets and the like belong to the node
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("read %s in %s: %w", dir, n.Name, err)
		}
		found[path.Join(path.Dir(dir), header.Name)] = entry{*header, content} //nolint:gosec // it is unpacked in a node
	}
}

// archiveEntries packs entries in this order, by their paths from the root.
func archiveEntries(names []string, entries map[string]entry) ([]byte, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, name := range names {
		header := entries[name].header
		header.Name = strings.TrimPrefix(name, "/")
		if err := writer.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := writer.Write(entries[name].content); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return archive.Bytes(), writer.Close()
}

// RestartContainerd has the node's containerd read its configuration and the
// authorities that it trusts again, and waits until it serves.
func (n *Node) RestartContainerd(ctx context.Context) error {
	_, err := n.run(ctx, "sh", "-c", "systemctl daemon-reload && systemctl restart containerd")
	return err
}
