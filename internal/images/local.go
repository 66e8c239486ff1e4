package images

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Image is one that is on this host, in Docker or in an archive.
type Image struct {
	// Name is the full one, as containerd has it: docker.io/library/nginx:1.29.
	Name string
	// Digests are what the image is known by: the digest of its configuration, of
	// its manifest or of its index, as far as they are known.
	Digests []string
	// Size is in bytes, unpacked; 0 is unknown.
	Size int64
}

// Named returns the full name of an image, with the tag "latest" if there is
// none. An image that is named by a digest alone is an error: in a node nothing
// would find it.
func Named(image string) (string, error) {
	parsed, err := name.ParseReference(image)
	if err != nil {
		return "", hint.ImageReference.Wrap(err, fmt.Sprintf("%q is not an image", image), "write it as REPOSITORY:TAG")
	}
	if _, is := parsed.(name.Digest); is {
		return "", hint.ImageReference.New(fmt.Sprintf("%q is named by a digest, which Docker does not write into an archive", image),
			"give it a name: docker tag "+image+" NAME:TAG")
	}
	registry := parsed.Context().RegistryStr()
	if registry == name.DefaultRegistry {
		registry = "docker.io"
	}
	return registry + "/" + parsed.Context().RepositoryStr() + ":" + parsed.Identifier(), nil
}

// Find returns an image that Docker has, by its name or its ID, and false when it has
// none. One without a name is an error: in a node nothing would find it.
func (e *Engine) Find(ctx context.Context, image string) (Image, bool, error) {
	full, err := Named(image)
	if err != nil {
		return Image{}, false, err
	}
	found, err := e.client.ImageInspect(ctx, full)
	if errdefs.IsNotFound(err) {
		if found, err = e.client.ImageInspect(ctx, image); err == nil { // by its ID
			if len(found.RepoTags) == 0 {
				return Image{}, false, hint.ImageReference.New("image "+image+" has no name", "give it one: docker tag "+image+" NAME:TAG")
			}
			full, err = Named(found.RepoTags[0])
		}
	}
	if errdefs.IsNotFound(err) {
		return Image{}, false, nil
	}
	if err != nil {
		return Image{}, false, fmt.Errorf("inspect image %s: %w", image, err)
	}
	return Image{Name: full, Digests: []string{found.ID}, Size: found.Size}, true, nil
}

// Export writes images that Docker has, by their names, as one archive.
func (e *Engine) Export(ctx context.Context, names []string, archive io.Writer) error {
	content, err := e.save(ctx, names)
	if err != nil {
		return fmt.Errorf("save %v: %w", names, err)
	}
	defer content.Close()
	if _, err := io.Copy(archive, content); err != nil {
		return fmt.Errorf("save %v: %w", names, err)
	}
	return nil
}
