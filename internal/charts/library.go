package charts

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/internal/gomod"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

//go:generate go run ./pack

// embedded holds the bundles that were packed before this binary was built. A
// plain "go build" has none.
//
//go:embed all:embedded
var embedded embed.FS

const embeddedDir = "embedded/"

// The places where node images have bundles, and the label that lists them by
// file name, with commas between.
const (
	NodeDir   = "/kind/charts"
	NodeLabel = "dev.kindctl.charts"
)

// Library finds bundles. The zero value knows the binary, this user's cache, and
// what the go command would ask.
type Library struct {
	// Node reads a file of the node image; nil where the image has no bundle.
	Node func(ctx context.Context, path string) ([]byte, error)
	// Sink is told of downloads; nil drops them.
	Sink event.Sink
}

// Finder returns the files of a bundle, as Library.Find does.
type Finder func(Bundle) (fs.FS, error)

// Find returns the files of a bundle, by their paths in the module. They come
// from the binary, the cache, the node image, Go's module cache or a module
// proxy, whichever has them first.
func (l Library) Find(ctx context.Context, b Bundle) (fs.FS, error) {
	packed, err := l.Packed(ctx, b)
	if err != nil {
		return nil, err
	}
	return b.Open(packed)
}

// Packed is Find for those who keep the bundle's archive.
func (l Library) Packed(ctx context.Context, b Bundle) ([]byte, error) {
	if packed, err := embedded.ReadFile(embeddedDir + b.File()); err == nil {
		return packed, nil
	}
	cache, err := cacheFile(b)
	if err != nil {
		return nil, err
	}
	if packed, err := os.ReadFile(cache); err == nil {
		if _, err := b.Open(packed); err == nil {
			return packed, nil
		}
	}
	packed, err := l.elsewhere(ctx, b)
	if err == nil {
		_ = keep(cache, packed) // without it, the next cluster looks again
	}
	return packed, err
}

// elsewhere gets a bundle that neither the binary nor the cache has.
func (l Library) elsewhere(ctx context.Context, b Bundle) ([]byte, error) {
	var failure error
	if l.Node != nil {
		packed, err := l.Node(ctx, NodeDir+"/"+b.File())
		if err == nil {
			if _, err = b.Open(packed); err == nil {
				return packed, nil
			}
		}
		failure = fmt.Errorf("read %s from the node image: %w", b.File(), err)
	}
	packed, err := FromModule(ctx, b, l.Sink)
	if err != nil {
		return nil, missing(b, err, failure)
	}
	return packed, nil
}

// FromModule packs a bundle from the module of upstream, whose hash is that of
// go.sum. Sink is told of a download; nil drops it.
func FromModule(ctx context.Context, b Bundle, sink event.Sink) ([]byte, error) {
	if sink == nil {
		sink = event.Discard
	}
	module, release, err := gomod.Archive(ctx, b.Module, sink)
	if err != nil {
		return nil, err
	}
	defer release()
	return b.Pack(module)
}

// Locate returns where Find would get a bundle from, in words that follow "from",
// and whether that takes a download. Nothing is downloaded.
func (l Library) Locate(ctx context.Context, b Bundle) (where string, download bool, err error) {
	if _, err := fs.Stat(embedded, "embedded/"+b.File()); err == nil {
		return "this binary", false, nil
	}
	cache, err := cacheFile(b)
	if err != nil {
		return "", false, err
	}
	if _, err := os.Stat(cache); err == nil {
		return cache, false, nil
	}
	if l.Node != nil {
		return "the node image", false, nil
	}
	where, err = gomod.Locate(ctx, b.Module)
	if err != nil {
		return "", false, missing(b, err, nil)
	}
	return where, !filepath.IsAbs(where), nil
}

// missing is the error of a bundle that is nowhere: why its module could not be
// had, and why not the node image's copy, if there was one.
func missing(b Bundle, module, node error) error {
	if reason := hint.ReasonOf(module); reason != hint.ModuleUnreachable.Name && reason != hint.ModuleProxyUnknown.Name {
		return module
	}
	places, remedy := "not in this binary", "use a released kindctl"
	if b.InNodes {
		places, remedy = "neither in this binary nor in the node image", remedy+` or a node image made by "kindctl images build"`
	}
	return hint.ChartMissing.Wrap(errors.Join(node, module),
		fmt.Sprintf("the files that %s is installed from are %s, and cannot be downloaded", b.Name, places),
		remedy+", or set GOPROXY to a module proxy within reach")
}

// cacheFile is where this user's cache has a bundle.
func cacheFile(b Bundle) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", hint.NoCacheDir.Wrap(err, "there is no place to keep charts", "set HOME or XDG_CACHE_HOME")
	}
	return filepath.Join(dir, "kindctl", "charts", b.File()), nil
}

// keep writes a file as a whole or not at all.
func keep(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	partial, err := os.CreateTemp(filepath.Dir(file), ".partial-")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	_, err = partial.Write(data)
	if err := errors.Join(err, partial.Close()); err != nil {
		return err
	}
	return os.Rename(partial.Name(), file)
}
