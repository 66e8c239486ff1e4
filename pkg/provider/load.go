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
func (p *Provider) Holders(cluster string) ([]Holder, error) {
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

// Load puts an image archive into the node.
func (h Holder) Load(ctx context.Context, archive io.Reader) error {
	err := nodeutils.LoadImageArchive(h.node, readUntil(ctx, archive))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("load into %s: %w", h.Name, explain(err))
	}
	return nil
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
func (p *Provider) LoadImage(ctx context.Context, name string, open func() (io.ReadCloser, error)) error {
	holders, err := p.Holders(name)
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

// Catch brings the images that another node has by name and this one has not, and
// returns how many those are.
func (h Holder) Catch(ctx context.Context, from Holder) (int, error) {
	theirs, err := from.Images(ctx)
	if err != nil {
		return 0, err
	}
	own, err := h.Images(ctx)
	if err != nil {
		return 0, err
	}
	export := []string{"--namespace=k8s.io", "images", "export", "-"}
	wanted := 0
	for name := range theirs {
		if _, has := own[name]; !has && !strings.HasPrefix(name, "sha256:") && !strings.Contains(name, "@") {
			export, wanted = append(export, name), wanted+1
		}
	}
	if wanted == 0 {
		return 0, nil
	}
	archive, out := io.Pipe()
	var group errgroup.Group
	group.Go(func() error {
		err := from.node.CommandContext(ctx, "ctr", export...).SetStdout(out).Run()
		out.CloseWithError(err)
		return explain(err)
	})
	group.Go(func() error {
		err := h.Load(ctx, archive)
		archive.CloseWithError(err)
		return err
	})
	return wanted, group.Wait()
}
