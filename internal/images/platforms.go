package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Platform is one for which an archive has images.
type Platform struct {
	// Name is OS/ARCHITECTURE: linux/amd64.
	Name string
	// Whole says that the archive holds all layers of each image for it. Docker, with
	// containerd's image store, names every platform and holds those that were pulled.
	Whole bool
}

// smallBlob is larger than manifests, indices and configurations are, and smaller
// than most layers.
const smallBlob = 1 << 20

// contents are what an archive holds: the names of all files, and those of them that
// are small enough for a description.
type contents struct {
	files map[string]bool
	small map[string][]byte
	found map[string]bool // whole platforms by name
	order []string
}

// Platforms returns the platforms of the images in an archive, in the order in which
// it names them. None are an archive that does not say.
func Platforms(file string) ([]Platform, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	content, err := unpacked(opened)
	if err != nil {
		return nil, err
	}
	c := contents{files: map[string]bool{}, small: map[string][]byte{}, found: map[string]bool{}}
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(header.Name)
		if c.files[name] = true; header.Typeflag == tar.TypeReg && header.Size <= smallBlob {
			if c.small[name], err = io.ReadAll(archive); err != nil {
				return nil, err
			}
		}
	}
	if index, is := c.small["index.json"]; is {
		c.addIndex(index)
	} else {
		c.addDocker(c.small["manifest.json"])
	}
	var platforms []Platform
	for _, name := range c.order {
		platforms = append(platforms, Platform{name, c.found[name]})
	}
	return platforms, nil
}

func blobOf(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// addIndex reads an index of an OCI layout, and those beneath it.
func (c *contents) addIndex(data []byte) {
	var index v1.IndexManifest
	if json.Unmarshal(data, &index) != nil {
		return
	}
	for _, entry := range index.Manifests {
		if entry.MediaType.IsIndex() {
			c.addIndex(c.small[blobOf(entry.Digest)])
			continue
		}
		manifest, config, whole := c.image(entry.Digest)
		name := config
		if entry.Platform != nil && entry.Platform.OS != "" {
			name = entry.Platform.OS + "/" + entry.Platform.Architecture
		}
		if name == "" || strings.HasPrefix(name, "unknown/") { // attestations have no platform
			continue
		}
		c.add(name, manifest && whole)
	}
}

// image looks for the parts of one: whether its manifest is there, the platform that
// its configuration names, and whether all its layers are there.
func (c *contents) image(digest v1.Hash) (manifest bool, platform string, whole bool) {
	var described v1.Manifest
	if json.Unmarshal(c.small[blobOf(digest)], &described) != nil {
		return false, "", false
	}
	whole = c.files[blobOf(described.Config.Digest)]
	for _, layer := range described.Layers {
		whole = whole && c.files[blobOf(layer.Digest)]
	}
	return true, c.configured(blobOf(described.Config.Digest)), whole
}

// configured is the platform in an image's configuration, "" when there is none.
func (c *contents) configured(file string) string {
	var config v1.ConfigFile
	if json.Unmarshal(c.small[file], &config) != nil || config.OS == "" {
		return ""
	}
	return config.OS + "/" + config.Architecture
}

// addDocker reads the description that older Dockers write.
func (c *contents) addDocker(data []byte) {
	var manifest tarball.Manifest
	if json.Unmarshal(data, &manifest) != nil {
		return
	}
	for _, image := range manifest {
		whole := !slices.ContainsFunc(image.Layers, func(layer string) bool { return !c.files[path.Clean(layer)] })
		if name := c.configured(path.Clean(image.Config)); name != "" {
			c.add(name, whole)
		}
	}
}

func (c *contents) add(name string, whole bool) {
	former, known := c.found[name]
	if !known {
		c.order = append(c.order, name)
	}
	c.found[name] = whole && (former || !known)
}

// Every reports whether all platforms of an archive must be imported because it
// names not the node's own, which then runs what the kernel can emulate. An archive
// that has the own platform incomplete is an error with advice.
func Every(file, own string) (bool, error) {
	platforms, err := Platforms(file)
	if err != nil || len(platforms) == 0 { // the import reports it
		return false, nil
	}
	named, holes := false, false
	var held []string
	for _, platform := range platforms {
		named = named || platform.Name == own
		holes = holes || !platform.Whole
		if platform.Whole {
			held = append(held, platform.Name)
		}
		if platform.Name == own && platform.Whole {
			return false, nil
		}
	}
	if !named && !holes {
		return true, nil
	}
	having := "it holds " + strings.Join(held, ", ")
	if len(held) == 0 {
		having = "it holds none"
	}
	return false, hint.PlatformMissing.New(fmt.Sprintf("%s has no complete image for %s, the platform of the nodes; %s", file, own, having),
		fmt.Sprintf("pull and save that platform: docker pull --platform %s IMAGE; docker save --platform %s -o FILE IMAGE", own, own))
}

// Platform is that of Docker's machine, and so of the nodes: linux/amd64.
func (e *Engine) Platform(ctx context.Context) (string, error) {
	version, err := e.client.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", fmt.Errorf("the platform of Docker: %w", err)
	}
	return version.Os + "/" + version.Arch, nil
}

// save asks for the platform of the nodes alone, which engines can with version 1.48
// of the API, and for everything where that cannot be had.
func (e *Engine) save(ctx context.Context, names []string) (client.ImageSaveResult, error) {
	if own, err := e.Platform(ctx); err == nil {
		os, arch, _ := strings.Cut(own, "/")
		content, err := e.client.ImageSave(ctx, names, client.ImageSaveWithPlatforms(ocispec.Platform{OS: os, Architecture: arch}))
		if err == nil {
			return content, nil
		}
	}
	return e.client.ImageSave(ctx, names)
}
