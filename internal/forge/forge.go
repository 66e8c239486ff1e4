package forge

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// The values of Spec.CNI.
const (
	Cilium = "cilium"
	Calico = "calico"
	None   = "none" // no CNI's images; any may be installed from a registry
)

// CNIs are all values of Spec.CNI.
var CNIs = []string{Cilium, Calico, None}

// architecture is that of the host: images run where they are built.
const architecture = runtime.GOARCH

// Spec says which images are wanted.
type Spec struct {
	// CNI is the one whose images are put into the node image. It may be ""
	// when only the load balancer is wanted.
	CNI string
	// Kubernetes is the version of Kubernetes, one of releases.Supported; "" is
	// the newest.
	Kubernetes string
	// LoadBalancer asks for the load balancer's image as well, which clusters
	// with several control planes need.
	LoadBalancer bool
}

// Options says where and how to build. The zero value will do.
type Options struct {
	// CacheDir is the folder for results; "" is kindctl in the user's cache folder.
	CacheDir string
	// Sink receives events; nil drops them.
	Sink event.Sink
	// Parallel is how many programs are compiled at once; 0 chooses.
	Parallel int
}

// Result is what a build made.
type Result struct {
	NodeImage         string   // its reference in Docker, or "" if not asked for
	LoadBalancerImage string   // the same
	Images            []string // references of the images in the node image
	// Durations is the time of each component that was built just now.
	Durations map[string]time.Duration
}

// target is one image that a Spec asks for.
type target struct{ component, ref string }

func (s Spec) validate() error {
	if slices.Contains(CNIs, s.CNI) || s.CNI == "" && s.LoadBalancer {
		return nil
	}
	return hint.CNIUnknown.New("there is no CNI "+strconv.Quote(s.CNI), "Choose one of "+strings.Join(CNIs, ", ")+".")
}

// targets returns the images that s asks for.
func (s Spec) targets(r release, keys map[string]string) (targets []target) {
	if s.CNI != "" {
		name := nodeComponent(s.CNI)
		targets = append(targets, target{name, nodeRepository + ":" + r.version() + "-" + s.CNI + "-" + keys[name][:shortKey]})
	}
	if s.LoadBalancer {
		targets = append(targets, target{balancerImage, balancerRepository + ":" + keys[balancerImage][:shortKey]})
	}
	return targets
}

// Where images are in Docker. The name of the host is one that nothing answers
// to, so that they are not pulled by mistake.
const (
	nodeRepository     = "kindctl.local/node"
	balancerRepository = "kindctl.local/load-balancer"
)

// shortKey is how much of a key is in a tag.
const shortKey = 10

// NodeImage returns the reference that the node image for spec has, built or
// not.
func NodeImage(spec Spec) (string, error) {
	node := Spec{CNI: spec.CNI}
	if err := node.validate(); err != nil {
		return "", err
	}
	release, err := releaseOf(spec.Kubernetes)
	if err != nil {
		return "", err
	}
	return node.targets(release, recipe(release).keys())[0].ref, nil
}

// LoadBalancerImage returns the reference that the load balancer's image has,
// built or not. It is the same for all releases.
func LoadBalancerImage() string {
	return Spec{LoadBalancer: true}.targets(all[0], recipe(all[0]).keys())[0].ref
}

// Build makes the images of spec and loads them into Docker. What is there
// already is used: an image in Docker, else components in the cache.
//
// Errors are hint errors; those that a host's missing programs or rights
// cause come before anything is built.
func Build(ctx context.Context, spec Spec, options Options) (Result, error) {
	if err := spec.validate(); err != nil {
		return Result{}, err
	}
	sink := options.Sink
	if sink == nil {
		sink = event.Discard
	}
	store, err := openCache(options.CacheDir)
	if err != nil {
		return Result{}, err
	}
	daemon, err := openDocker(ctx)
	if err != nil {
		return Result{}, err
	}
	defer daemon.client.Close()
	release, err := releaseOf(spec.Kubernetes)
	if err != nil {
		return Result{}, err
	}
	g := recipe(release)
	b := &builder{
		cache: store, graph: g, keys: g.keys(), sink: sink,
		width: [lanes]int{compile: parallel(options.Parallel), unpack: 1, assemble: 1},
	}
	targets := spec.targets(release, b.keys)
	result := Result{}
	if spec.CNI != "" {
		result.NodeImage, result.Images = targets[0].ref, release.baked(spec.CNI)
	}
	if spec.LoadBalancer {
		result.LoadBalancerImage = targets[len(targets)-1].ref
	}
	wanted, err := b.absent(ctx, daemon, targets)
	if err != nil {
		return result, err
	}
	todo := b.missing(wanted)
	if err := preflight(ctx, todo, store); err != nil {
		return result, err
	}
	if result.Durations, err = b.run(ctx, todo); err != nil {
		return result, err
	}
	for _, t := range wanted {
		key := b.keys[t.component]
		if err := daemon.load(ctx, b.cache.path(t.component, key), key, t.ref, sink); err != nil {
			return result, err
		}
	}
	return result, nil
}

// absent returns the targets that Docker does not have.
func (b *builder) absent(ctx context.Context, daemon docker, targets []target) (absent []target, err error) {
	for _, t := range targets {
		found, err := daemon.find(ctx, t.ref)
		if err != nil {
			return nil, err
		}
		if found.key == b.keys[t.component] {
			event.Start(b.sink, event.Event{Scope: event.Image, ID: t.ref, Title: t.ref}).Skipped("Docker has it")
			continue
		}
		absent = append(absent, t)
	}
	return absent, nil
}

// parallel chooses how many programs to compile at once. The go command uses
// all processors by itself; a second one fills them while the first links.
func parallel(wanted int) int {
	if wanted > 0 {
		return wanted
	}
	return 2
}
