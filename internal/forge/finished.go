package forge

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// imageFile describes a finished image in its component's folder, beside its
// layers, which are called 0.tar, 1.tar and so on.
const imageFile = "image.json"

type imageRecord struct {
	Config v1.Config `json:"config"`
	Layers int       `json:"layers"`
}

// finished is an image for Docker, put together from layers of other
// components. The folder shares their files, so it outlives them.
func finished(name, title string, needs []string, layers []layerRef, config v1.Config) component {
	recipe, err := json.Marshal([]any{config, len(layers)})
	if err != nil {
		panic(err) // strings and maps of strings
	}
	for _, layer := range layers {
		recipe = append(recipe, layer.component+"/"+layer.file+"\n"...)
	}
	return component{
		name: name, title: title, lane: assemble, estimate: time.Second, needs: needs, inputs: [][]byte{recipe},
		build: func(_ context.Context, w *work) error {
			for n, layer := range layers {
				blob, err := openBlob(w.path(layer.component, layer.file))
				if err != nil {
					return err
				}
				if err := blob.link(filepath.Join(w.dir, strconv.Itoa(n)+layerSuffix)); err != nil {
					return err
				}
			}
			return writeJSON(filepath.Join(w.dir, imageFile), imageRecord{Config: config, Layers: len(layers)})
		},
	}
}

// openImage returns the image that a finished component left in dir, labelled
// with the component's key.
func openImage(dir, key string, wrap func(v1.Layer) v1.Layer) (v1.Image, error) {
	var r imageRecord
	if err := readJSON(filepath.Join(dir, imageFile), &r); err != nil {
		return nil, err
	}
	layers := make([]v1.Layer, r.Layers)
	for n := range layers {
		layer, err := openBlob(filepath.Join(dir, strconv.Itoa(n)+layerSuffix))
		if err != nil {
			return nil, err
		}
		layers[n] = wrap(layer)
	}
	if r.Config.Labels == nil {
		r.Config.Labels = map[string]string{}
	}
	r.Config.Labels[labelInputs] = key
	return newImage(r.Config, layers)
}
