package provider

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/containerd/errdefs"
	"golang.org/x/sync/errgroup"
)

// Load puts an image archive into the node, as far as it is for the node's platform.
// Docker, with containerd's image store, and buildx write archives whose index names
// platforms that they do not hold.
func (n *Node) Load(ctx context.Context, archive io.Reader) error { return n.load(ctx, archive) }

// LoadEvery puts an image archive into the node with every platform that it names.
func (n *Node) LoadEvery(ctx context.Context, archive io.Reader) error {
	return n.load(ctx, archive, "--all-platforms")
}

// load imports an archive as kind does (kind v0.33.0, LoadImageArchive in
// pkg/cluster/nodeutils).
func (n *Node) load(ctx context.Context, archive io.Reader, flags ...string) error {
	snapshotter, err := n.snapshotter(ctx)
	if err == nil {
		command := append([]string{"ctr", "--namespace=k8s.io", "images", "import"}, flags...)
		err = n.pipe(ctx, archive, io.Discard, append(command, "--digests", "--snapshotter="+snapshotter, "-")...)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("load into %s: %w", n.Name, err)
	}
	return nil
}

// snapshotter is the one that the node's containerd unpacks images with.
func (n *Node) snapshotter(ctx context.Context) (string, error) {
	config, err := n.run(ctx, "containerd", "config", "dump")
	if err != nil {
		return "", err
	}
	return snapshotterIn(config)
}

// snapshotterIn reads containerd's configuration: the CRI plugin of version 2, since
// containerd 1.3, is another than that of 3 and 4, since 2.0 and 2.1.
func snapshotterIn(config string) (string, error) {
	type images struct{ Snapshotter string }
	var parsed struct {
		Plugins struct {
			Two struct{ Containerd images } `toml:"io.containerd.grpc.v1.cri"`
			Now images                      `toml:"io.containerd.cri.v1.images"`
		}
	}
	if _, err := toml.Decode(config, &parsed); err != nil {
		return "", fmt.Errorf("the configuration of containerd: %w", err)
	}
	name := cmp.Or(parsed.Plugins.Now.Snapshotter, parsed.Plugins.Two.Containerd.Snapshotter)
	if name == "" {
		return "", errors.New("the configuration of containerd names no snapshotter")
	}
	return name, nil
}

// Images maps the names that the node's containerd has for images to what they
// stand for: the digest of the manifest or index, and that of the configuration,
// which older Dockers know an image by.
func (n *Node) Images(ctx context.Context) (map[string][]string, error) {
	table, err := n.run(ctx, "ctr", "--namespace=k8s.io", "images", "ls")
	if err != nil {
		return nil, fmt.Errorf("list the images in %s: %w", n.Name, err)
	}
	return imageTable(strings.NewReader(table)), nil
}

// imageTable reads what ctr prints: a heading, then a line for each name with
// type and digest behind it. Besides the names that people give, Kubernetes' part
// of containerd gives every image one that is the digest of its configuration.
func imageTable(table io.Reader) map[string][]string {
	targets, configurations := map[string]string{}, map[string][]string{}
	for lines := bufio.NewScanner(table); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) < 3 || !strings.HasPrefix(columns[2], "sha256:") {
			continue
		}
		name, target := columns[0], columns[2]
		targets[name] = target
		if strings.HasPrefix(name, "sha256:") {
			configurations[target] = append(configurations[target], name)
		}
	}
	images := map[string][]string{}
	for name, target := range targets {
		images[name] = append([]string{target}, configurations[target]...)
	}
	return images
}

// LoadImage puts an image archive into every node, all nodes at the same time.
// open is called once for each node.
func (c Cluster) LoadImage(ctx context.Context, open func() (io.ReadCloser, error)) error {
	nodes, err := c.KubernetesNodes(ctx)
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return errors.New("the cluster has no nodes")
	}
	var group errgroup.Group
	for _, node := range nodes {
		group.Go(func() error {
			archive, err := open()
			if err != nil {
				return err
			}
			defer archive.Close()
			return node.Load(ctx, archive)
		})
	}
	return group.Wait()
}

// CopyImagesFrom brings the images that another node has by name and this one has not. It
// returns how many those are, and the names of those that cannot be copied, because
// containerd has discarded their layers after unpacking them, as it does with what
// it pulls for pods.
func (n *Node) CopyImagesFrom(ctx context.Context, from *Node) (brought int, left []string, err error) {
	theirs, err := from.Images(ctx)
	if err != nil {
		return 0, nil, err
	}
	own, err := n.Images(ctx)
	if err != nil {
		return 0, nil, err
	}
	var wanted []string
	for name := range theirs {
		if _, has := own[name]; !has && !strings.HasPrefix(name, "sha256:") && !strings.Contains(name, "@") {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return 0, nil, nil
	}
	complete, err := from.completeImages(ctx)
	if err != nil {
		return 0, nil, err
	}
	slices.Sort(wanted)
	for _, name := range wanted {
		if !complete[name] {
			left = append(left, name)
		}
	}
	wanted = slices.DeleteFunc(wanted, func(name string) bool { return !complete[name] })
	if len(wanted) == 0 {
		return 0, left, nil
	}
	archive, out := io.Pipe()
	var group errgroup.Group
	group.Go(func() error {
		err := from.export(ctx, out, wanted)
		out.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := n.Load(ctx, archive)
		archive.CloseWithError(err)
		return err
	})
	return len(wanted), left, group.Wait()
}

// export writes images into an archive.
func (n *Node) export(ctx context.Context, archive io.Writer, names []string) error {
	var problems tail
	command := append([]string{"ctr", "--namespace=k8s.io", "images", "export", "-"}, names...)
	code, err := n.exec(ctx, nil, archive, &problems, command)
	if err == nil && code != 0 {
		err = n.failure(command, code, problems.String())
	}
	return err
}

// completeImages are the names of the images of which the node holds every layer.
func (n *Node) completeImages(ctx context.Context) (map[string]bool, error) {
	table, err := n.run(ctx, "ctr", "--namespace=k8s.io", "images", "check")
	if err != nil {
		return nil, fmt.Errorf("check the images in %s: %w", n.Name, err)
	}
	return completeIn(strings.NewReader(table)), nil
}

// completeIn reads what ctr prints: a heading, then name, type, digest and state,
// which is "complete (3/3)" for an image that has all its parts.
func completeIn(table io.Reader) map[string]bool {
	complete := map[string]bool{}
	for lines := bufio.NewScanner(table); lines.Scan(); {
		if columns := strings.Fields(lines.Text()); len(columns) > 3 && columns[3] == "complete" {
			complete[columns[0]] = true
		}
	}
	return complete
}

// ImageID is the ID of an image, or "" when Docker does not have it.
func (d *Docker) ImageID(ctx context.Context, image string) (string, error) {
	found, err := d.api.ImageInspect(ctx, image)
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("inspect image %s: %w", image, err)
	}
	return found.ID, nil
}
