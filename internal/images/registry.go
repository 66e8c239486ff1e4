package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// answerTimeout is how long a registry may take to answer at all. A host
// without a way out must learn so within five seconds.
const answerTimeout = 4 * time.Second

// Remote is a Source: the images' own registries, or a mirror of them.
type Remote struct {
	// Mirror is HOST/PREFIX, or "" for the images' own registries. The image
	// quay.io/cilium/cilium is HOST/PREFIX/cilium/cilium there.
	Mirror string
	// Architecture is that of the nodes, in Go's words: amd64.
	Architecture string
}

// Locate returns the reference under the mirror; tag and digest stay.
func (r *Remote) Locate(ref string) (string, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return "", hint.ImageReference.Wrap(err, fmt.Sprintf("%q is not an image", ref), "write it as REPOSITORY:TAG")
	}
	if r.Mirror == "" {
		return ref, nil
	}
	return strings.TrimSuffix(r.Mirror, "/") + "/" + parsed.Context().RepositoryStr() + strings.TrimPrefix(ref, untagged(ref)), nil
}

// Answers asks for the image's manifest. A registry that answers "no such
// image" answers.
func (r *Remote) Answers(ctx context.Context, ref string) error {
	if err := r.Has(ctx, ref); hint.ReasonOf(err) != hint.ImageNotInRegistry.Name {
		return err
	}
	return nil
}

// Has asks for the image's manifest. What a registry refuses for another reason,
// the pull says in its own words.
func (r *Remote) Has(ctx context.Context, ref string) error {
	located, parsed, err := r.parse(ref)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	_, err = remote.Head(parsed, append(r.options(asking), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))...)
	var status *transport.Error
	if errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
		return hint.ImageNotInRegistry.Wrap(err, "the registry has no "+located,
			"put it there, name another mirror with --image-registry HOST/PREFIX, or use --images build")
	}
	if err == nil || (errors.As(err, &status) && status.StatusCode != http.StatusServiceUnavailable) {
		return nil
	}
	return hint.RegistryUnreachable.Wrap(err, "no registry answers for "+located,
		"check the network and the proxy variables, name a mirror with --image-registry HOST/PREFIX, or use --images build")
}

// Save pulls an image into a file, under its own name and not the mirror's,
// because pods ask for it by that name.
func (r *Remote) Save(ctx context.Context, ref, path string, progress *event.Span) error {
	located, parsed, err := r.parse(ref)
	if err != nil {
		return err
	}
	image, err := remote.Image(parsed, r.options(ctx)...)
	if err != nil {
		return fmt.Errorf("pull %s: %w", located, err)
	}
	own, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	updates := make(chan v1.Update, 8)
	defer close(updates) // tarball does not
	go func() {
		for update := range updates {
			progress.Progress("pulling", update.Complete, update.Total)
		}
	}()
	if err := write(path, own, image, tarball.WithProgress(updates)); err != nil {
		return fmt.Errorf("pull %s: %w", located, err)
	}
	return nil
}

func (r *Remote) parse(ref string) (located string, parsed name.Reference, err error) {
	located, err = r.Locate(ref)
	if err != nil {
		return "", nil, err
	}
	parsed, err = name.ParseReference(located)
	if err != nil {
		return "", nil, hint.ImageReference.Wrap(err, fmt.Sprintf("%q is not an image", located), "check --image-registry: it is HOST or HOST/PREFIX")
	}
	return located, parsed, nil
}

func (r *Remote) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: r.Architecture}),
	}
}
