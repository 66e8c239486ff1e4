package bootstrap

import (
	"cmp"
	"fmt"
	"os"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/hint"
)

// snapshotterVariable chooses how containerd keeps file systems in kind's nodes
// (kind v0.33.0, images/base/files/usr/local/bin/entrypoint).
const snapshotterVariable = "KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER"

// overlayfs is how containerd keeps file systems unless a node finds a reason
// for another way.
const overlayfs = "overlayfs"

// snapshotters are what a node chooses by itself on Docker's storage drivers, by
// the same script.
var snapshotters = map[string]string{"zfs": "native", "fuse-overlayfs": "fuse-overlayfs"}

// checkSnapshotter refuses a node image that holds unpacked images where its
// containerd would not find them. Images that kind publishes hold archives.
func checkSnapshotter(found images.Set, facts host.Facts) error {
	asked := os.Getenv(snapshotterVariable)
	snapshotter := cmp.Or(asked, snapshotters[facts.StorageDriver], overlayfs)
	if len(found.Baked) == 0 || snapshotter == overlayfs {
		return nil
	}
	why, advice := fmt.Sprintf("Docker's storage driver %s calls for %s", facts.StorageDriver, snapshotter), ""
	if asked != "" {
		why, advice = fmt.Sprintf("%s asks for %s", snapshotterVariable, snapshotter), fmt.Sprintf("unset %s, or ", snapshotterVariable)
	}
	return hint.SnapshotterUnsupported.New(
		fmt.Sprintf("the images in %s are unpacked for overlayfs, and %s", found.Node, why),
		advice+"use the node image that kind publishes: --images registry")
}
