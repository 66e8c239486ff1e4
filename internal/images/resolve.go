package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Mode says where images may come from.
type Mode string

// The modes. Auto tries Local, Registry and Build in this order.
const (
	Auto     Mode = "auto"
	Local    Mode = "local"
	Registry Mode = "registry"
	Build    Mode = "build"
)

// Modes lists every mode, the default first.
func Modes() []Mode { return []Mode{Auto, Local, Registry, Build} }

// Check refuses a mode that there is not.
func (m Mode) Check() error {
	if slices.Contains(Modes(), m) {
		return nil
	}
	return hint.ImagesMode.New(fmt.Sprintf("there is no source of images %q", m), fmt.Sprintf("use one of %v", Modes()))
}

// BakedLabel is the label of a node image that lists, separated by commas, the
// images that its containerd already holds.
const BakedLabel = "dev.kindctl.images"

// Request says what a cluster needs.
type Request struct {
	Mode Mode
	// Node is the node image that the user asked for, or "".
	Node string
	// Others are further node images, which nodes name themselves.
	Others []string
	// PlaceOf is where the configuration names a node image, FILE:LINE, or "".
	PlaceOf func(image string) string
	// Published is the node image that kind publishes, of its release or of the
	// version of Kubernetes that is wanted.
	Published string
	// Minor is the minor version of Kubernetes, "v1.36", if any patch of it will do
	// that is published; "" is Published alone.
	Minor string
	// LoadBalancer is the published image of the load balancer that several control
	// planes need, or "" when there is only one.
	LoadBalancer string
	// Pods are the images that the CNI's pods and the probe pods run.
	Pods []string
}

// Set is what Resolve found.
type Set struct {
	// Node is the node image's reference in Docker.
	Node string
	// Source is where the node image came from: Local, Registry or Build.
	Source Mode
	// LoadBalancer is the image that is to stand before the control planes, or "".
	LoadBalancer string
	// Baked are the images that the node image holds, unpacked for overlayfs.
	Baked []string
	// Archives hold the pod images that must be put into every node.
	Archives []Archive
}

// Archive is one image in a file that "ctr images import" reads.
type Archive struct {
	Image string
	Path  string
}

// Docker is the engine that runs the nodes.
type Docker interface {
	// Labels returns an image's labels, and false when Docker does not have it.
	Labels(ctx context.Context, ref string) (labels map[string]string, found bool, err error)
	// Names lists the names of all images that Docker has.
	Names(ctx context.Context) ([]string, error)
	// Pull fetches an image from its registry into Docker.
	Pull(ctx context.Context, ref string, progress *event.Span) error
	// Save writes an image that Docker has to a file.
	Save(ctx context.Context, ref, path string) error
	// File returns a file of an image that Docker has.
	File(ctx context.Context, ref, path string) ([]byte, error)
}

// Source is a place outside Docker that has images.
type Source interface {
	// Answers returns nil when the registry that has ref can be reached.
	Answers(ctx context.Context, ref string) error
	// Has returns nil when the registry that has ref can be reached, unless that
	// says that it has no such image.
	Has(ctx context.Context, ref string) error
	// Locate returns the reference to pull instead of ref.
	Locate(ref string) (string, error)
	// Newest returns ref with the newest tag that there is of a minor version.
	Newest(ctx context.Context, ref, minor string) (string, error)
	// Save writes ref to a file, for the platform of the nodes.
	Save(ctx context.Context, ref, path string, progress *event.Span) error
}

// Builder makes node images on this host.
type Builder interface {
	// NodeImage names the image that Build would make, or is "" where it can make
	// none.
	NodeImage() (string, error)
	// Build makes it and returns its name.
	Build(ctx context.Context) (string, error)
	// LoadBalancer names the image that BuildLoadBalancer would make, or is ""
	// where it can make none.
	LoadBalancer() string
	// BuildLoadBalancer makes the load balancer's image and returns its name.
	BuildLoadBalancer(ctx context.Context) (string, error)
}

// ArchiveStore keeps image archives: see Store.
type ArchiveStore interface {
	Get(ctx context.Context, image string, fetch func(path string) error) (path string, err error)
}

// Resolver finds images.
type Resolver struct {
	Docker   Docker
	Registry Source
	Builder  Builder
	Store    ArchiveStore
	Sink     event.Sink
}

// Resolve finds the node image and the pod images, or says everywhere it
// looked and what to do.
func (r *Resolver) Resolve(ctx context.Context, req Request) (Set, error) {
	set, err := r.node(ctx, req)
	if err != nil {
		return Set{}, err
	}
	labels, _, err := r.Docker.Labels(ctx, set.Node)
	if err != nil {
		return Set{}, err
	}
	if set.LoadBalancer, err = r.loadBalancer(ctx, req); err != nil {
		return Set{}, err
	}
	if label := labels[BakedLabel]; label != "" {
		set.Baked = strings.Split(label, ",")
	}
	if err := r.others(ctx, req, &set); err != nil {
		return Set{}, err
	}
	missing := slices.DeleteFunc(slices.Clone(req.Pods), func(image string) bool { return slices.Contains(set.Baked, image) })
	set.Archives, err = r.archives(ctx, req.Mode, missing)
	return set, err
}

// others finds the images that nodes name themselves; what one of them lacks is
// put into all nodes.
func (r *Resolver) others(ctx context.Context, req Request, set *Set) error {
	for _, image := range req.Others {
		other, err := r.node(ctx, Request{Mode: req.Mode, Node: image, PlaceOf: req.PlaceOf})
		if err != nil {
			return err
		}
		labels, _, err := r.Docker.Labels(ctx, other.Node)
		if err != nil {
			return err
		}
		baked := strings.Split(labels[BakedLabel], ",")
		set.Baked = slices.DeleteFunc(slices.Clone(set.Baked), func(image string) bool { return !slices.Contains(baked, image) })
	}
	return nil
}

// node finds the node image.
func (r *Resolver) node(ctx context.Context, req Request) (Set, error) {
	attempts := map[Mode]func(context.Context, Request) (string, error){
		Local: r.localNode, Registry: r.registryNode, Build: r.buildNode,
	}
	if err := req.Mode.Check(); err != nil {
		return Set{}, err
	}
	order := []Mode{req.Mode}
	if req.Mode == Auto {
		order = []Mode{Local, Registry, Build}
		if req.Node != "" {
			order = []Mode{Local, Registry}
		}
	}
	var failures []error
	for _, mode := range order {
		ref, err := attempts[mode](ctx, req)
		if err == nil {
			return Set{Node: ref, Source: mode}, nil
		}
		if ctx.Err() != nil {
			return Set{}, context.Cause(ctx)
		}
		failures = append(failures, fmt.Errorf("%s: %w", mode, err))
	}
	cause := errors.Join(failures...)
	return Set{}, missing(req, cause, hint.AdviceOf(failures[len(failures)-1]))
}

// missing says that there is no node image, and what to do, for which the last
// attempt may have its own advice.
func missing(req Request, cause error, advice string) error {
	message := "no node image is available"
	if req.Node != "" {
		message = "node image " + req.Node + " is not available"
		if place := req.PlaceOf; place != nil && place(req.Node) != "" {
			message = place(req.Node) + ": " + message
		}
		if req.Mode != Build { // which never makes it
			advice = "load it into Docker, or reach a registry that has it: check the network and the proxy variables, or name a mirror with --image-registry HOST/PREFIX\n" +
				"or name no image, and kindctl finds or builds one; kubernetesVersion chooses its Kubernetes"
		}
	} else if advice == "" {
		advice = `reach a registry (see --image-registry), or run "kindctl images build" as root on a Debian host`
	}
	return hint.NodeImageMissing.Wrap(cause, message, advice)
}

func (r *Resolver) localNode(ctx context.Context, req Request) (string, error) {
	candidates := []string{req.Node}
	if req.Node == "" {
		built, err := r.Builder.NodeImage()
		if err != nil {
			return "", err
		}
		published, err := r.Registry.Locate(req.Published)
		if err != nil {
			return "", err
		}
		candidates = []string{built, published}
		if req.Minor != "" {
			names, err := r.Docker.Names(ctx)
			if err != nil {
				return "", err
			}
			candidates = append(candidates, newestIn(names, untagged(published), req.Minor))
		}
		candidates = slices.DeleteFunc(candidates, func(ref string) bool { return ref == "" })
	}
	for _, ref := range candidates {
		if _, found, err := r.Docker.Labels(ctx, ref); err != nil || found {
			return ref, err
		}
	}
	return "", fmt.Errorf("Docker has none of %s", strings.Join(candidates, ", "))
}

func (r *Resolver) registryNode(ctx context.Context, req Request) (string, error) {
	wanted := cmp.Or(req.Node, req.Published)
	if req.Node == "" && req.Minor != "" {
		if err := r.Registry.Answers(ctx, wanted); err != nil {
			return "", err
		}
		newest, err := r.Registry.Newest(ctx, wanted, req.Minor)
		if err != nil {
			return "", err
		}
		wanted = newest
	}
	if err := r.Registry.Has(ctx, wanted); err != nil {
		return "", err
	}
	return r.pull(ctx, wanted)
}

// pull fetches ref, or what stands for it under the mirror, into Docker.
func (r *Resolver) pull(ctx context.Context, ref string) (string, error) {
	located, err := r.Registry.Locate(ref)
	if err != nil {
		return "", err
	}
	span := event.Start(r.Sink, event.Event{Scope: event.Image, ID: located, Title: "pull " + located})
	if err := r.Docker.Pull(ctx, located, span); err != nil {
		span.Failed(err.Error(), "")
		return "", err
	}
	span.Done("")
	return located, nil
}

func (r *Resolver) buildNode(ctx context.Context, req Request) (string, error) {
	if req.Node != "" {
		return "", hint.ImagesConflict.New(fmt.Sprintf("%s was requested, but --images build makes kindctl's own node image", req.Node), "leave out --image or --images build")
	}
	return r.Builder.Build(ctx)
}
