package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kindctl/kindctl/pkg/hint"
)

// An artifact in a registry has the manifest of a snapshot as its first layer, and then the
// nodes' archives in its order.
const (
	artifactType = types.MediaType("application/vnd.kindctl.snapshot.config.v1+json")
	manifestType = types.MediaType("application/vnd.kindctl.snapshot.manifest.v1+json")
	archiveType  = types.MediaType("application/vnd.kindctl.snapshot.archive.v1.tar+zstd")
	// titleAnnotation is a layer's name as a file (OCI image specification, annotations.md).
	titleAnnotation = "org.opencontainers.image.title"
)

// Push writes a snapshot to a registry, as an OCI artifact of a name such as
// registry.example/team/lab:seeded, with the user's credentials for docker.
func (s Store) Push(ctx context.Context, m Manifest, ref string) error {
	target, err := reference(ref)
	if err != nil {
		return err
	}
	if _, tagged := target.(name.Tag); !tagged {
		return hint.ImageReference.New(fmt.Sprintf("%q has a digest, which the registry gives to what is pushed", ref),
			"push to a tag, such as registry.example/team/lab:seeded")
	}
	if err := s.Check(ctx, m); err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	layers := []mutate.Addendum{titled(manifestFile, static.NewLayer(data, manifestType))}
	for _, archive := range m.archives() {
		layers = append(layers, titled(archive.File, fileLayer{filepath.Join(m.Dir, archive.File), archive}))
	}
	artifact, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), artifactType), layers...)
	if err == nil {
		err = remote.Write(target, artifact, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	}
	return registryFailure(ctx, ref, err)
}

func titled(file string, layer v1.Layer) mutate.Addendum {
	return mutate.Addendum{Layer: layer, Annotations: map[string]string{titleAnnotation: file}}
}

// reference wants the registry and a tag said, because their defaults, Docker Hub and latest,
// would make private keys public, or replace another snapshot.
func reference(ref string) (name.Reference, error) {
	target, err := name.ParseReference(ref, name.StrictValidation)
	if err != nil {
		return nil, hint.ImageReference.New(fmt.Sprintf("%q is not a valid reference with a registry, a repository and a tag", ref),
			"write it as registry.example/team/lab:seeded")
	}
	return target, nil
}

// IsReference reports whether a text names an artifact in full, with its registry and a tag or a
// digest.
func IsReference(text string) bool {
	_, err := reference(text)
	return err == nil
}

func registryFailure(ctx context.Context, ref string, err error) error {
	if err == nil || ctx.Err() != nil || hint.ReasonOf(err) != "" {
		return err
	}
	return hint.SnapshotRegistry.Wrap(err, "cannot access the registry of "+ref, "check the name; if it needs a login: docker login")
}

// fileLayer is an archive of a snapshot.
type fileLayer struct {
	path    string
	archive Archive
}

// Digest implements v1.Layer.
func (l fileLayer) Digest() (v1.Hash, error) { return l.archive.hash(), nil }

// DiffID implements v1.Layer. No one unpacks it as a layer.
func (l fileLayer) DiffID() (v1.Hash, error) { return l.archive.hash(), nil }

// Compressed implements v1.Layer.
func (l fileLayer) Compressed() (io.ReadCloser, error) { return os.Open(l.path) }

// Uncompressed implements v1.Layer.
func (l fileLayer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.path) }

// Size implements v1.Layer.
func (l fileLayer) Size() (int64, error) { return l.archive.Size, nil }

// MediaType implements v1.Layer.
func (l fileLayer) MediaType() (types.MediaType, error) { return archiveType, nil }

func (a Archive) hash() v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: a.SHA256} }

// OpenArtifact begins to read what Push has written. What is no snapshot is an error with advice.
func OpenArtifact(ctx context.Context, ref string) (*File, error) {
	target, err := reference(ref)
	if err != nil {
		return nil, err
	}
	image, err := remote.Image(target, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, registryFailure(ctx, ref, err)
	}
	described, err := image.Manifest()
	if err != nil {
		return nil, registryFailure(ctx, ref, err)
	}
	if described.Config.MediaType != artifactType || len(described.Layers) == 0 {
		return nil, badFile(ctx, "not a snapshot", fmt.Errorf("%s has the type %s", ref, described.Config.MediaType))
	}
	at := 0
	return beginFile(ctx, func() (entry, error) {
		if at == len(described.Layers) {
			return entry{}, io.EOF
		}
		layer := described.Layers[at]
		at++
		found, err := image.LayerByDigest(layer.Digest)
		if err != nil {
			return entry{}, registryFailure(ctx, ref, err)
		}
		content, err := found.Compressed()
		return entry{layer.Annotations[titleAnnotation], layer.Size, download{content, ctx, ref}}, registryFailure(ctx, ref, err)
	})
}

// download is the content of a layer, whose errors distinguish the network from the content.
type download struct {
	io.ReadCloser
	ctx context.Context
	ref string
}

// Read implements io.Reader.
func (d download) Read(b []byte) (int, error) {
	n, err := d.ReadCloser.Read(b)
	if _, network := errors.AsType[net.Error](err); network || errors.Is(err, io.ErrUnexpectedEOF) {
		err = registryFailure(d.ctx, d.ref, err)
	}
	return n, err
}
