package forge

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kindctl/kindctl/pkg/event"
)

// Suite is Kubernetes' own end-to-end tests with what they need.
type Suite struct {
	// Kubernetes is the version whose tests they are: the newest release.
	Kubernetes string
	// E2E and Ginkgo are programs: the tests, and what runs them in parallel.
	E2E, Ginkgo string
	// Archive holds the images that the tests marked [Conformance] run and that
	// a node image does not have, as `docker save` writes them.
	Archive string
	// StandIns says of what each image of Archive is made, by its name.
	StandIns map[string]string
}

// conformanceProgram is built of the same modules, with the same flags, as
// Kubernetes itself, so that most of it is compiled already.
func conformanceProgram(r release) program {
	return program{
		module: module{name: "conformance"}, title: "Kubernetes' conformance tests",
		tests: "k8s.io/kubernetes/test/e2e", ldflags: r.flags(), estimate: 20 * time.Minute,
	}
}

// conformance is the recipe of a Suite: that of all images and what the tests
// need beside them.
func conformance(r release) graph {
	base := recipe(r)
	images := standIns()
	needs := []string{
		"conformance", "agnhost", "coredns", "pause", "static", "userland", "network-tools", "busybox", "nginx",
	}
	return append(base,
		conformanceProgram(r).component(),
		fileSystem("busybox", "BusyBox for conformance tests", busyBox, 20*time.Second),
		fileSystem("nginx", "nginx for conformance tests", nginx, 20*time.Second),
		component{
			name: conformanceImages, title: "Images for conformance tests", lane: assemble, estimate: 10 * time.Second, needs: needs,
			inputs: append(recipesOf(images), layerCode, source("standins.go", "kubernetes.go")),
			build:  func(ctx context.Context, w *work) error { return archiveImages(ctx, w, images) },
		},
	)
}

// conformanceImages is the component that holds the archive of images.
const (
	conformanceImages = "conformance-images"
	imagesFile        = "images.tar"
)

func recipesOf(images []standIn) (recipes [][]byte) {
	for _, i := range images {
		recipes = append(recipes, i.recipe())
	}
	return recipes
}

func archiveImages(ctx context.Context, w *work, standIns []standIn) error {
	images := make([]image, len(standIns))
	for n, i := range standIns {
		images[n] = i.image
	}
	scratch, err := os.MkdirTemp(w.dir, "layers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	composed, err := composeAll(ctx, w, scratch, images)
	if err != nil {
		return err
	}
	return tarball.MultiRefWriteToFile(filepath.Join(w.dir, imagesFile), composed)
}

// Conformance builds the tests and their images, as far as they are not in the
// cache. It is of no use to clusters of other releases than the newest.
func Conformance(ctx context.Context, options Options) (Suite, error) {
	store, err := openCache(options.CacheDir)
	if err != nil {
		return Suite{}, err
	}
	sink := options.Sink
	if sink == nil {
		sink = event.Discard
	}
	release := all[0]
	g := conformance(release)
	b := &builder{
		cache: store, graph: g, keys: g.keys(), sink: sink,
		width: [lanes]int{compile: parallel(options.Parallel), unpack: 1, assemble: 1},
	}
	todo := b.missing([]target{{component: "conformance"}, {component: conformanceImages}})
	if err := preflight(ctx, todo, store); err != nil {
		return Suite{}, err
	}
	if _, err := b.run(ctx, todo); err != nil {
		return Suite{}, err
	}
	suite := Suite{
		Kubernetes: release.version(),
		Archive:    store.path(conformanceImages, b.keys[conformanceImages]) + "/" + imagesFile,
		StandIns:   map[string]string{},
	}
	bin := filepath.Join(store.path("conformance", b.keys["conformance"]), "bin")
	suite.E2E, suite.Ginkgo = filepath.Join(bin, "e2e.test"), filepath.Join(bin, "ginkgo")
	for _, i := range standIns() {
		suite.StandIns[i.ref] = i.origin
	}
	return suite, nil
}

// StandInNames lists the images of a Suite in order.
func (s Suite) StandInNames() []string { return slices.Sorted(maps.Keys(s.StandIns)) }
