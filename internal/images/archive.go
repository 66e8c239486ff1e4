package images

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kindctl/kindctl/pkg/hint"
)

// fullName is how images in an OCI layout are named by Docker and containerd.
const fullName = "io.containerd.image.name"

// indexLimit is far beyond any index of an archive.
const indexLimit = 4 << 20

// InArchive returns the images in an archive as docker save, podman and buildx
// write it, compressed with gzip or not.
func InArchive(file string) ([]Image, error) {
	broken := func(err error) error {
		return hint.ArchiveBroken.Wrap(err, file+" is no archive of images", "write one: docker save -o "+file+" IMAGE")
	}
	opened, err := os.Open(file)
	if err != nil {
		return nil, hint.ArchiveMissing.Wrap(err, "the archive cannot be read", "check its name and its permissions; an image's name ends neither in .tar nor in .tgz")
	}
	defer opened.Close()
	content, err := unpacked(opened)
	if err != nil {
		return nil, broken(err)
	}
	var manifest tarball.Manifest
	var index v1.IndexManifest
	files := map[string]any{"manifest.json": &manifest, "index.json": &index}
	for archive := tar.NewReader(content); len(files) > 0; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		name := path.Clean(header.Name)
		if target, wanted := files[name]; wanted {
			if err := json.NewDecoder(io.LimitReader(archive, indexLimit)).Decode(target); err != nil {
				return nil, broken(fmt.Errorf("%s: %w", name, err))
			}
			delete(files, name)
		}
	}
	found := map[string]*Image{}
	var order []string
	add := func(image, digest string) error {
		name, err := Named(image)
		if err != nil {
			return err
		}
		if found[name] == nil {
			found[name] = &Image{Name: name}
			order = append(order, name)
		}
		found[name].Digests = append(found[name].Digests, digest)
		return nil
	}
	for _, image := range manifest {
		for _, tag := range image.RepoTags {
			err = errors.Join(err, add(tag, "sha256:"+strings.TrimPrefix(strings.TrimSuffix(path.Base(image.Config), ".json"), "sha256:")))
		}
	}
	for _, image := range index.Manifests {
		if tag := image.Annotations[fullName]; tag != "" {
			err = errors.Join(err, add(tag, image.Digest.String()))
		}
	}
	if err != nil {
		return nil, broken(err)
	}
	if len(order) == 0 {
		return nil, hint.ArchiveNameless.New(file+" holds no image that has a name", "save it by its name: docker save -o "+file+" NAME:TAG")
	}
	images := make([]Image, 0, len(order))
	for _, name := range order {
		images = append(images, *found[name])
	}
	return images, nil
}

// unpacked looks through gzip. A file that is not compressed can be skipped
// through, which takes no time however large it is.
func unpacked(file *os.File) (io.Reader, error) {
	magic, err := bufio.NewReader(file).Peek(2)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return file, nil
	}
	return gzip.NewReader(bufio.NewReader(file))
}
