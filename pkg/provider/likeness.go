package provider

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// commonTrees are the directories whose files are the same on all nodes of a cluster
// but come from the cluster's configuration or its user, not from the node image: how
// containerd is configured and finds registries, and the authorities that a node
// trusts, with the bundles and links that update-ca-certificates makes of them.
var commonTrees = []string{"/etc/containerd", "/etc/systemd/system/containerd.service.d", "/usr/local/share/ca-certificates", "/etc/ssl/certs"}

// entry is a file, link or directory of a container.
type entry struct {
	header  tar.Header
	content []byte
}

// same compares what matters to whoever reads the file.
func (e entry) same(other entry) bool {
	return e.header.Typeflag == other.header.Typeflag && e.header.Linkname == other.header.Linkname && e.header.Mode == other.header.Mode &&
		sha256.Sum256(e.content) == sha256.Sum256(other.content)
}

// CopyCommon gives a container the files of commonTrees in which another one of its
// cluster differs, and returns their paths. What is equal is not written: it may be
// mounted, and read-only.
func (d *Docker) CopyCommon(ctx context.Context, from, to string) ([]string, error) {
	wanted, differs := map[string]entry{}, []string{}
	for _, dir := range commonTrees {
		theirs, err := d.tree(ctx, from, dir)
		if err != nil {
			return nil, err
		}
		own, err := d.tree(ctx, to, dir)
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
	archive, err := archiveOf(differs, wanted)
	if err != nil {
		return nil, err
	}
	if _, err := d.api.CopyToContainer(ctx, to, client.CopyToContainerOptions{DestinationPath: "/", Content: archive}); err != nil {
		return nil, fmt.Errorf("write %s in %s: %w", strings.Join(differs, ", "), to, err)
	}
	return differs, nil
}

// tree reads a directory of a container, by absolute path. One that is not there has
// nothing.
func (d *Docker) tree(ctx context.Context, container, dir string) (map[string]entry, error) {
	copied, err := d.api.CopyFromContainer(ctx, container, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", dir, container, err)
	}
	defer copied.Content.Close()
	found := map[string]entry{}
	for archive := tar.NewReader(copied.Content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s in %s: %w", dir, container, err)
		}
		switch header.Typeflag {
		case tar.TypeReg, tar.TypeSymlink, tar.TypeDir:
		default: // sockets and the like belong to the node
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("read %s in %s: %w", dir, container, err)
		}
		found[path.Join(path.Dir(dir), header.Name)] = entry{*header, content}
	}
}

// archiveOf packs entries in this order, by their paths from the root.
func archiveOf(names []string, entries map[string]entry) (io.Reader, error) {
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
	return &archive, writer.Close()
}

// RestartContainerd has the node's containerd read its configuration and the
// authorities that it trusts again, and waits until it serves.
func (h Holder) RestartContainerd(ctx context.Context) error {
	_, err := h.said(ctx, "sh", "-c", "systemctl daemon-reload && systemctl restart containerd")
	return err
}
