package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// What a reset replaces stays in the node's volume until it is dropped, under names that all
// begin with keptPrefix. Data is moved by renames alone, and each script can be repeated after
// it was killed:
//
//	.kindctl-reset      what was unpacked
//	.kindctl-keeping    the old data, as far as it has been moved
//	.kindctl-old        the old data
//	.kindctl-returning  the old data, as far as it has not been moved back
//	.kindctl-layer      the node's own files from before, with their list
const (
	keptPrefix = ".kindctl-"
	// incoming is in the volume, and holds what takes its place.
	incoming  = volumeDir + "/" + keptPrefix + "reset"
	keptLayer = volumeDir + "/" + keptPrefix + "layer"
)

// moves are what the scripts below share. The volume's directory is their argument.
const moves = `set -e
cd "$1"
others() { find . -xdev -mindepth 1 -maxdepth 1 ! -name '` + keptPrefix + `*' -exec "$@" {} +; }
empty() { find "$1" -mindepth 1 -maxdepth 1 -exec mv -t . {} + && rmdir "$1"; }
`

const (
	// replaceVolume keeps what is in the volume, unless it has been kept, and puts what was
	// unpacked in its place.
	replaceVolume = moves + `test -d .kindctl-reset
if test -d .kindctl-returning; then empty .kindctl-returning; fi
if ! test -d .kindctl-old; then
	mkdir -p .kindctl-keeping
	others mv -t .kindctl-keeping
	mv .kindctl-keeping .kindctl-old
fi
others rm -rf
empty .kindctl-reset
`
	// returnVolume puts what was kept back, if anything was.
	returnVolume = moves + `if test -d .kindctl-keeping; then
	mv .kindctl-keeping .kindctl-returning
elif test -d .kindctl-old; then
	others rm -rf
	mv .kindctl-old .kindctl-returning
fi
if test -d .kindctl-returning; then empty .kindctl-returning; fi
`
	// dropKept removes all that a reset has unpacked and kept.
	dropKept = moves + `rm -rf ` + keptPrefix + `*
`
	// keepLayer reads a line for a list and paths for tar, unless there is a layer already.
	keepLayer = `set -e
if test -d ` + keptLayer + `; then exec cat >/dev/null; fi
rm -rf ` + keptLayer + `.partial
mkdir -m 0700 ` + keptLayer + `.partial
IFS= read -r list
printf '%s\n' "$list" >` + keptLayer + `.partial/list.json
"$@" --file=` + keptLayer + `.partial/files.tar
mv ` + keptLayer + `.partial ` + keptLayer
)

// inVolume runs one of the scripts.
func (h *Helper) inVolume(ctx context.Context, script string) error {
	_, err := h.run(ctx, "sh", "-c", script, "sh", volumeDir)
	return err
}

// ReplaceVolume puts what UnpackVolume has unpacked in the place of all else in the volume,
// and keeps that for ReturnVolume, unless an earlier ReplaceVolume has kept something. The
// node must be stopped. One whose volume is replaced in part only may not start.
func (h *Helper) ReplaceVolume(ctx context.Context) error { return h.inVolume(ctx, replaceVolume) }

// ReturnVolume puts back what ReplaceVolume has kept, whether that has ended or not. The node
// must be stopped.
func (h *Helper) ReturnVolume(ctx context.Context) error { return h.inVolume(ctx, returnVolume) }

// DropKept removes what UnpackVolume has unpacked, and what ReplaceVolume and KeepLayer have
// kept.
func (h *Helper) DropKept(ctx context.Context) error { return h.inVolume(ctx, dropKept) }

// HasKept reports whether a reset has left something in the volume of a node, which need not
// run.
func (d *Docker) HasKept(ctx context.Context, n *Node) (bool, error) {
	for _, name := range []string{"reset", "keeping", "old", "returning", "layer", "layer.partial"} {
		_, err := d.api.ContainerStatPath(ctx, n.Name, client.ContainerStatPathOptions{Path: volumeDir + "/" + keptPrefix + name})
		if !errdefs.IsNotFound(err) {
			return err == nil, err
		}
	}
	return false, nil
}

// KeepLayer keeps the files of a running node's layer, for RestoreKeptLayer, unless an
// earlier KeepLayer has kept some.
func (n *Node) KeepLayer(ctx context.Context, layer Layer) error {
	list, err := json.Marshal(layer)
	if err != nil {
		return err
	}
	in := io.MultiReader(bytes.NewReader(append(list, '\n')), nullEnded(slices.Concat(layer.Changed, layer.Added), "/"))
	return n.pipe(ctx, in, io.Discard, slices.Concat([]string{"sh", "-c", keepLayer, "sh"}, packListed)...)
}

// RestoreKeptLayer is RestoreLayer for what KeepLayer has kept; nothing is no error.
func (n *Node) RestoreKeptLayer(ctx context.Context, helper *Helper) error {
	list, err := n.run(ctx, "sh", "-c", "if test -d "+keptLayer+"; then cat "+keptLayer+"/list.json; fi")
	if err != nil || list == "" {
		return err
	}
	var kept Layer
	if err := json.Unmarshal([]byte(list), &kept); err != nil {
		return fmt.Errorf("%s in %s: %w", keptLayer, n.Name, err)
	}
	now, err := n.Layer(ctx)
	if err != nil {
		return err
	}
	read, write := io.Pipe()
	go func() { write.CloseWithError(helper.pipe(ctx, nil, write, "cat", keptLayer+"/files.tar")) }()
	err = n.RestoreLayer(ctx, now, kept, read, helper)
	_ = read.Close()
	return err
}
