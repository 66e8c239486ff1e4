package provider

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// pluginsDir has the programs of CNI plugins, which agents install again whenever they start.
const pluginsDir = "/opt/cni/bin"

// Layer lists the absolute paths in which a node's own file system differs from its image.
// What is mounted is not part of it, nor are kindctl's metadata and CNI plugins.
type Layer struct {
	Added []string `json:"added,omitempty"`
	// Changed includes the directories above every path that differs.
	Changed []string `json:"changed,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Layer asks Docker how a running node differs from its image.
func (n *Node) Layer(ctx context.Context) (layer Layer, err error) {
	outside, err := n.mountPoints(ctx)
	if err != nil {
		return Layer{}, err
	}
	outside = append(outside, metadataFile, pluginsDir)
	found, err := n.docker.api.ContainerDiff(ctx, n.Name, client.ContainerDiffOptions{})
	if err != nil {
		return Layer{}, fmt.Errorf("compare %s with its image: %w", n.Name, err)
	}
	for _, change := range found.Changes {
		switch path := change.Path; {
		case slices.ContainsFunc(outside, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }):
		case change.Kind == container.ChangeAdd:
			layer.Added = append(layer.Added, path)
		case change.Kind == container.ChangeDelete:
			layer.Removed = append(layer.Removed, path)
		default:
			layer.Changed = append(layer.Changed, path)
		}
	}
	return layer, nil
}

// mountPoints are those in a running node, but for the root.
func (n *Node) mountPoints(ctx context.Context) ([]string, error) {
	table, err := n.run(ctx, "cat", "/proc/1/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountPointsIn(table)
}

// mountPointsIn reads them from a table of the kernel (proc_pid_mountinfo(5)), which writes
// white space in octal.
func mountPointsIn(table string) (found []string, err error) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			return nil, fmt.Errorf("line %q of the mount table has no mount point", line)
		}
		path, err := strconv.Unquote(`"` + strings.ReplaceAll(fields[4], `"`, `\"`) + `"`)
		if err != nil {
			return nil, fmt.Errorf("mount point %s: %w", fields[4], err)
		}
		if path != "/" {
			found = append(found, path)
		}
	}
	return found, nil
}

// tarAttributes has tar keep owners by number and the extended attributes that the files of
// nodes have: those of overlays, capabilities and the user's.
var tarAttributes = []string{
	"--numeric-owner", "--acls", "--xattrs", "--xattrs-include=user.*", "--xattrs-include=trusted.*", "--xattrs-include=security.capability",
}

// PackLayer writes the files of a layer, as tar has them.
func (n *Node) PackLayer(ctx context.Context, layer Layer, out io.Writer) error {
	return n.packFiles(ctx, slices.Concat(layer.Changed, layer.Added), out)
}

// packFiles packs files, and directories without what is in them.
func (n *Node) packFiles(ctx context.Context, paths []string, out io.Writer) error {
	return n.pipe(ctx, nullEnded(paths, "/"), out, append(slices.Clone(packListed), "--file=-")...)
}

// packListed packs the paths that it reads, directories without what is in them.
var packListed = slices.Concat([]string{"tar", "--create"}, tarAttributes,
	[]string{"--directory=/", "--no-recursion", "--null", "--files-from=-"})

// RestoreLayer makes the layer of a running node, which is now, what it was when PackLayer
// wrote the archive. Files that have been changed or removed since come from the image, out
// of the helper.
func (n *Node) RestoreLayer(ctx context.Context, now, saved Layer, archive io.Reader, helper *Helper) error {
	surplus, lost := now.since(saved)
	if surplus = append(surplus, saved.Removed...); len(surplus) > 0 {
		if err := n.pipe(ctx, nullEnded(deepestFirst(surplus), ""), io.Discard, removeEach...); err != nil {
			return err
		}
	}
	if len(lost) > 0 {
		read, write := io.Pipe()
		go func() { write.CloseWithError(helper.packFiles(ctx, lost, write)) }()
		err := n.extract(ctx, "/", read)
		_ = read.Close()
		if err != nil {
			return err
		}
	}
	return n.extract(ctx, "/", archive)
}

// removeEach removes the paths that it reads, and nothing that is in them: something else can be
// mounted there. Docker lists every path of a layer.
var removeEach = []string{"xargs", "--null", "sh", "-c", `for path; do
	if test -d "$path" && ! test -L "$path"; then
		rmdir --ignore-fail-on-non-empty -- "$path" || failed=1
	else
		rm -f -- "$path" || failed=1
	fi
done
test -z "$failed"`, "sh"}

// deepestFirst has directories come after what is in them.
func deepestFirst(paths []string) []string {
	sorted := slices.Sorted(slices.Values(paths))
	slices.Reverse(sorted)
	return sorted
}

// since is what has to go since a layer was saved, and what of the image has to come back.
func (l Layer) since(saved Layer) (surplus, lost []string) {
	known := map[string]bool{}
	for _, path := range slices.Concat(saved.Added, saved.Changed, saved.Removed) {
		known[path] = true
	}
	unknown := func(paths []string) []string {
		return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return known[path] })
	}
	return unknown(l.Added), unknown(slices.Concat(l.Changed, l.Removed))
}

// extract unpacks an archive of tar's below a directory of the node.
func (n *Node) extract(ctx context.Context, dir string, archive io.Reader) error {
	command := slices.Concat([]string{"tar", "--extract", "--file=-", "--preserve-permissions", "--same-owner", "--delay-directory-restore"},
		tarAttributes, []string{"--directory=" + dir})
	return n.pipe(ctx, archive, io.Discard, command...)
}

// nullEnded is a list of paths as tar and xargs read it.
func nullEnded(paths []string, without string) io.Reader {
	var list strings.Builder
	for _, path := range paths {
		list.WriteString(strings.TrimPrefix(path, without) + "\x00")
	}
	return strings.NewReader(list.String())
}
