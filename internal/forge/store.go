package forge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Folders of containerd's root that a node needs, and the database of each.
const (
	contentFolder  = "io.containerd.content.v1.content"
	metadataFolder = "io.containerd.metadata.v1.bolt"
	overlayFolder  = "io.containerd.snapshotter.v1.overlayfs"
	snapshots      = overlayFolder + "/snapshots"
)

var databases = []string{metadataFolder + "/meta.db", overlayFolder + "/metadata.db"}

// Places on a node. Kubernetes in Docker keeps /var in a volume, which Docker
// fills with a copy of the image's /var for each node. So the unpacked images
// live outside of it, once for all nodes; /var has links to them. overlayfs
// allows a lower folder on another overlay, which the root of a node is.
const (
	nodeRoot      = "var/lib/containerd"
	nodeSnapshots = "kind/snapshots"
)

// Files in the folder of a store.
const (
	storeFolder    = "containerd"
	snapshotsLayer = "snapshots" + layerSuffix
	stateLayer     = "state" + layerSuffix
)

// store is a containerd root with images in it, as two layers of a node
// image: the snapshots that it adds to those of parent ("" for none), and the
// state that knows of all of them. code is the source of the images' fill
// functions.
func store(name, title, parent string, needs []string, images []image, code []byte, estimate time.Duration) component {
	inputs := [][]byte{layerCode, storeCode, code}
	for _, i := range images {
		inputs = append(inputs, i.recipe())
	}
	all := append([]string{"containerd"}, needs...)
	if parent != "" {
		all = append(all, parent)
	}
	return component{
		name: name, title: title, lane: assemble, estimate: estimate, needs: all, inputs: inputs,
		build: func(ctx context.Context, w *work) error { return buildStore(ctx, w, parent, images) },
	}
}

func buildStore(ctx context.Context, w *work, parent string, images []image) error {
	dir := filepath.Join(w.dir, storeFolder)
	if err := os.Mkdir(dir, 0o711); err != nil {
		return err
	}
	known := ""
	if parent != "" {
		known = w.path(parent, storeFolder)
		if err := cloneStore(known, dir); err != nil {
			return err
		}
	}
	if err := importImages(ctx, w, dir, images); err != nil {
		return err
	}
	for _, database := range databases {
		if err := settle(filepath.Join(dir, database)); err != nil {
			return err
		}
	}
	w.progress("writing layers", 0, 0)
	added, state := tree{}, tree{}
	if err := splitStore(dir, known, added, state); err != nil {
		return err
	}
	if err := errors.Join(added.store(filepath.Join(w.dir, snapshotsLayer)), state.store(filepath.Join(w.dir, stateLayer))); err != nil {
		return err
	}
	if parent != "" {
		return os.RemoveAll(dir) // nothing continues it
	}
	return nil
}

func importImages(ctx context.Context, w *work, dir string, images []image) error {
	scratch, err := os.MkdirTemp(w.dir, "layers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	w.progress("writing images", 0, 0)
	composed, err := composeAll(ctx, w, scratch, images)
	if err != nil {
		return err
	}
	w.progress("unpacking images", 0, 0)
	daemon, err := startContainerd(ctx, w, dir)
	if err != nil {
		return err
	}
	return errors.Join(daemon.load(ctx, composed), daemon.stop())
}

// cloneStore makes dir a copy of the store in parent. Files are shared as
// hard links, but for the databases, which containerd writes in place.
func cloneStore(parent, dir string) error {
	for _, folder := range []string{contentFolder, metadataFolder, overlayFolder} {
		if err := cloneFolder(parent, dir, folder); err != nil {
			return err
		}
	}
	return nil
}

func cloneFolder(parent, dir, folder string) error {
	return filepath.WalkDir(filepath.Join(parent, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(parent, path)
		target := filepath.Join(dir, relative)
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case slices.Contains(databases, relative):
			return copyFile(path, target, 0o600)
		case d.IsDir():
			return cloneDirectory(target, info)
		}
		return os.Link(path, target)
	})
}

// splitStore puts the snapshots of the store in dir that the one in known
// does not have into added, and everything else into state.
func splitStore(dir, known string, added, state tree) error {
	ids, err := os.ReadDir(filepath.Join(dir, snapshots))
	if err != nil {
		return err
	}
	for _, id := range ids {
		state.symlink(filepath.Join(nodeRoot, snapshots, id.Name()), "/"+filepath.Join(nodeSnapshots, id.Name()))
		if known != "" {
			if _, err := os.Lstat(filepath.Join(known, snapshots, id.Name())); err == nil {
				continue
			}
		}
		files := filepath.Join(id.Name(), "fs")
		if err := added.folder(filepath.Join(nodeSnapshots, files), filepath.Join(dir, snapshots, files), same, nil); err != nil {
			return err
		}
	}
	if err := added.share(); err != nil {
		return err
	}
	state.directory(nodeRoot, 0o711)
	state.directory(filepath.Join(nodeRoot, snapshots), 0o700)
	blobs := filepath.Join(contentFolder, "blobs")
	if err := state.folder(filepath.Join(nodeRoot, blobs), filepath.Join(dir, blobs), root, nil); err != nil {
		return err
	}
	for _, database := range databases {
		if err := state.file(filepath.Join(nodeRoot, database), 0o600, filepath.Join(dir, database)); err != nil {
			return err
		}
	}
	return nil
}
