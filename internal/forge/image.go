package forge

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// image is one container image that is put into the node image.
type image struct {
	ref    string
	bases  []string // components whose layer lies below, lowest first
	fill   func(context.Context, *work, tree) error
	config v1.Config
}

// searchPath is what images without an opinion of their own have as PATH.
const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// compose makes the image in w.dir, as a layer on top of those of its bases.
// number keeps the layers of several images apart.
func (i image) compose(ctx context.Context, w *work, number int) (v1.Image, error) {
	var layers []v1.Layer
	for _, base := range i.bases {
		layer, err := openBlob(w.path(base, rootLayer))
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	if i.fill != nil {
		content := tree{}
		if err := i.fill(ctx, w, content); err != nil {
			return nil, fmt.Errorf("image %s: %w", i.ref, err)
		}
		path := filepath.Join(w.dir, strconv.Itoa(number)+layerSuffix)
		if err := content.store(path); err != nil {
			return nil, fmt.Errorf("image %s: %w", i.ref, err)
		}
		layer, err := openBlob(path)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return newImage(i.config, layers)
}

// composeAll makes images with their own layers in dir, by their references.
func composeAll(ctx context.Context, w *work, dir string, images []image) (map[name.Reference]v1.Image, error) {
	inside := *w
	inside.dir = dir
	composed := map[name.Reference]v1.Image{}
	for number, i := range images {
		ref, err := name.NewTag(i.ref)
		if err != nil {
			return nil, err
		}
		if composed[ref], err = i.compose(ctx, &inside, number); err != nil {
			return nil, err
		}
	}
	return composed, nil
}

// newImage makes an image for the architecture that it is built on.
func newImage(config v1.Config, layers []v1.Layer) (v1.Image, error) {
	if config.Env == nil {
		config.Env = []string{searchPath}
	}
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture, Created: v1.Time{Time: epoch}, Config: config,
		RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	additions := make([]mutate.Addendum, 0, len(layers))
	for _, layer := range layers {
		additions = append(additions, mutate.Addendum{Layer: layer, History: v1.History{
			Created: v1.Time{Time: epoch}, CreatedBy: "kindctl images build",
		}})
	}
	return mutate.Append(base, additions...)
}

func (i image) recipe() []byte {
	data, err := json.Marshal([]any{i.ref, i.bases, i.config})
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return data
}
