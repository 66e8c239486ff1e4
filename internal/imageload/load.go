// Package imageload loads images of this host into the nodes of a cluster that runs.
package imageload

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Config says which images go into which nodes.
type Config struct {
	// Name is the cluster's.
	Name string
	// Docker has the cluster and the images.
	Docker *provider.Docker
	// Images are in Docker, and Archives files that "docker save" and its like wrote.
	Images, Archives []string
	// Nodes are names or roles; none are all nodes.
	Nodes []string
	// Sink receives what happens.
	Sink event.Sink
}

// Result says what became of one image.
type Result struct {
	// Image is its full name.
	Image string
	// Into and Had are the nodes that got it, and those that had it.
	Into, Had []string
}

// Load puts images into the nodes of a cluster that runs, all nodes at once.
// Nodes that have the same image are left out. What is missing on the host is an
// error before anything is loaded.
func Load(ctx context.Context, config Config) ([]Result, error) {
	release, err := runs.RLock(config.Name)
	if err != nil {
		return nil, err
	}
	defer release()
	nodes, err := config.nodes(ctx)
	if err != nil {
		return nil, err
	}
	l := loader{source: images.NewEngine(config.Docker.Client()), sink: config.Sink}
	if err := l.find(ctx, config.Images, config.Archives); err != nil {
		return nil, err
	}
	return l.loadInto(ctx, nodes)
}

// nodes are the ones that the user means, which must run.
func (c Config) nodes(ctx context.Context) ([]destination, error) {
	nodes, err := c.Docker.Cluster(c.Name).KubernetesNodes(ctx)
	if err != nil {
		return nil, err
	}
	if nodes, err = chosen(nodes, c.Name, c.Nodes); err != nil {
		return nil, err
	}
	var found []destination
	for _, node := range nodes {
		if !node.Running() {
			return nil, hint.ClusterStopped.New(fmt.Sprintf("node %s does not run", node.Name), "start it: kindctl start -n "+c.Name)
		}
		found = append(found, destination{node.Name, node})
	}
	return found, nil
}

// chosen are the nodes of these names or roles. A name may leave out the
// cluster's.
func chosen(nodes []*provider.Node, cluster string, selectors []string) (found []*provider.Node, err error) {
	if len(selectors) == 0 {
		return nodes, nil
	}
	known := []string{}
	for _, node := range nodes {
		known = append(known, node.Role, node.Name)
	}
	for _, selector := range selectors {
		means := func(n *provider.Node) bool {
			return selector == n.Role || selector == n.Name || cluster+"-"+selector == n.Name
		}
		if !slices.ContainsFunc(nodes, means) {
			return nil, hint.NodeUnknown.New(fmt.Sprintf("cluster %s has no node %q, nor nodes of such a role%s", cluster, selector, hint.Nearest(selector, known)), "list them: kindctl get nodes -n "+cluster)
		}
		for _, node := range nodes {
			if means(node) && !slices.Contains(found, node) {
				found = append(found, node)
			}
		}
	}
	return found, nil
}

// source is where the images of this host are: Docker.
type source interface {
	Find(ctx context.Context, image string) (images.Image, bool, error)
	Export(ctx context.Context, names []string, archive io.Writer) error
	Platform(ctx context.Context) (string, error)
}

// destination is a node that images go to.
type destination struct {
	name string
	imageStore
}

type imageStore interface {
	Images(ctx context.Context) (map[string][]string, error)
	Load(ctx context.Context, archive io.Reader) error
	LoadEvery(ctx context.Context, archive io.Reader) error
}

// loader has what to load: images of Docker, which become one archive, and
// archives.
type loader struct {
	source   source
	sink     event.Sink
	docker   []images.Image
	archives []archive
}

// archive is one with its images.
type archive struct {
	path   string
	images []images.Image
	every  bool // load all of its platforms
}

// find looks for everything before anything is touched, and names all that is
// missing.
func (l *loader) find(ctx context.Context, names, archives []string) error {
	var missing []string
	for _, name := range names {
		image, there, err := l.source.Find(ctx, name)
		if err != nil {
			return err
		}
		switch {
		case !there:
			missing = append(missing, name)
		case !slices.ContainsFunc(l.docker, func(known images.Image) bool { return known.Name == image.Name }):
			l.docker = append(l.docker, image)
		}
	}
	if len(missing) > 0 {
		return hint.ImageMissing.New("Docker on this host does not have "+strings.Join(missing, ", "),
			fmt.Sprintf("pull it, or build it: docker pull %s; docker build -t %s .", missing[0], missing[0]))
	}
	for _, path := range archives {
		found, err := images.InArchive(path)
		if err != nil {
			return err
		}
		p, err := l.archive(ctx, path, found)
		if err != nil {
			return err
		}
		l.archives = append(l.archives, p)
	}
	return nil
}

// archive finds out which platforms of an archive to load.
func (l *loader) archive(ctx context.Context, path string, found []images.Image) (archive, error) {
	platform, err := l.source.Platform(ctx)
	if err != nil {
		return archive{}, err
	}
	every, err := images.Every(path, platform)
	return archive{path, found, every}, err
}

// imagesOf is what the nodes have, in their order.
func imagesOf(ctx context.Context, nodes []destination) ([]map[string][]string, error) {
	present := make([]map[string][]string, len(nodes))
	var group errgroup.Group
	for i, node := range nodes {
		group.Go(func() (err error) {
			present[i], err = node.Images(ctx)
			return err
		})
	}
	return present, group.Wait()
}

// hasImage reports whether a node has the same image under the same name.
func hasImage(present map[string][]string, image images.Image) bool {
	return slices.ContainsFunc(present[image.Name], func(digest string) bool { return slices.Contains(image.Digests, digest) })
}

// temporary makes a file for an archive, and what removes it.
func temporary() (file *os.File, remove func(), err error) {
	dir, removeDir, err := scratch.Dir("load")
	if err != nil {
		return nil, nil, err
	}
	if file, err = os.Create(filepath.Join(dir, "images.tar")); err != nil {
		removeDir()
		return nil, nil, err
	}
	return file, func() { file.Close(); removeDir() }, nil
}
