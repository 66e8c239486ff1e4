package provider

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/kind/pkg/exec"
)

// Holder is a node, which holds images.
type Holder struct {
	// Name is that of the container and of the Kubernetes node.
	Name string
	// Role is control-plane or worker.
	Role string

	node nodes.Node
}

// Holders returns a cluster's nodes, sorted by name: Docker lists them as they came up.
func (d *Docker) Holders(cluster string) ([]Holder, error) {
	listed, err := silent().ListInternalNodes(cluster)
	if err != nil {
		return nil, err
	}
	found := make([]Holder, 0, len(listed))
	for _, node := range listed {
		role, err := node.Role()
		if err != nil {
			return nil, err
		}
		found = append(found, Holder{node.String(), role, node})
	}
	slices.SortFunc(found, func(a, b Holder) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// Load puts an image archive into the node, as far as it is for the node's platform.
func (h Holder) Load(ctx context.Context, archive io.Reader) error {
	return h.load(ctx, ownPlatform{h.node}, archive)
}

// LoadEvery puts an image archive into the node with every platform that it names.
func (h Holder) LoadEvery(ctx context.Context, archive io.Reader) error {
	return h.load(ctx, h.node, archive)
}

func (h Holder) load(ctx context.Context, node nodes.Node, archive io.Reader) error {
	err := nodeutils.LoadImageArchive(node, readUntil(ctx, archive))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("load into %s: %w", h.Name, explain(err))
	}
	return nil
}

// ownPlatform is a node that imports only its own platform of an image. Docker, with
// containerd's image store, and buildx write archives whose index names platforms
// that they do not hold; kind asks for all of them (kind v0.33.0, LoadImageArchive in
// pkg/cluster/nodeutils).
type ownPlatform struct{ nodes.Node }

// Command leaves the flag out that asks for every platform.
func (n ownPlatform) Command(command string, args ...string) exec.Cmd {
	return n.Node.Command(command, slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--all-platforms" })...)
}

// Images maps the names that the node's containerd has for images to what they
// stand for: the digest of the manifest or index, and that of the configuration,
// which older Dockers know an image by.
func (h Holder) Images(ctx context.Context) (map[string][]string, error) {
	var out bytes.Buffer
	if err := h.node.CommandContext(ctx, "ctr", "--namespace=k8s.io", "images", "ls").SetStdout(&out).Run(); err != nil {
		return nil, fmt.Errorf("list the images in %s: %w", h.Name, explain(err))
	}
	return imageTable(&out), nil
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
func (d *Docker) LoadImage(ctx context.Context, name string, open func() (io.ReadCloser, error)) error {
	holders, err := d.Holders(name)
	if err != nil {
		return err
	}
	if len(holders) == 0 {
		return errors.New("the cluster has no nodes")
	}
	var group errgroup.Group
	for _, holder := range holders {
		group.Go(func() error {
			archive, err := open()
			if err != nil {
				return err
			}
			defer archive.Close()
			return holder.Load(ctx, archive)
		})
	}
	return group.Wait()
}

// contextReader ends with its context, and with it the command that reads it.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func readUntil(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (r contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}

// Catch brings the images that another node has by name and this one has not. It
// returns how many those are, and the names of those that cannot be copied, because
// containerd has discarded their layers after unpacking them, as it does with what
// it pulls for pods.
func (h Holder) Catch(ctx context.Context, from Holder) (brought int, left []string, err error) {
	theirs, err := from.Images(ctx)
	if err != nil {
		return 0, nil, err
	}
	own, err := h.Images(ctx)
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
	whole, err := from.whole(ctx)
	if err != nil {
		return 0, nil, err
	}
	slices.Sort(wanted)
	for _, name := range wanted {
		if !whole[name] {
			left = append(left, name)
		}
	}
	wanted = slices.DeleteFunc(wanted, func(name string) bool { return !whole[name] })
	if len(wanted) == 0 {
		return 0, left, nil
	}
	archive, out := io.Pipe()
	var group errgroup.Group
	group.Go(func() error {
		export := append([]string{"--namespace=k8s.io", "images", "export", "-"}, wanted...)
		err := from.node.CommandContext(ctx, "ctr", export...).SetStdout(out).Run()
		out.CloseWithError(err)
		return explain(err)
	})
	group.Go(func() error {
		err := h.Load(ctx, archive)
		archive.CloseWithError(err)
		return err
	})
	return len(wanted), left, group.Wait()
}

// whole are the names of the images of which the node holds every layer.
func (h Holder) whole(ctx context.Context) (map[string]bool, error) {
	var out bytes.Buffer
	if err := h.node.CommandContext(ctx, "ctr", "--namespace=k8s.io", "images", "check").SetStdout(&out).Run(); err != nil {
		return nil, fmt.Errorf("check the images in %s: %w", h.Name, explain(err))
	}
	return wholeImages(&out), nil
}

// wholeImages reads what ctr prints: a heading, then name, type, digest and state,
// which is "complete (3/3)" for an image that has all its parts.
func wholeImages(table io.Reader) map[string]bool {
	whole := map[string]bool{}
	for lines := bufio.NewScanner(table); lines.Scan(); {
		if columns := strings.Fields(lines.Text()); len(columns) > 3 && columns[3] == "complete" {
			whole[columns[0]] = true
		}
	}
	return whole
}
