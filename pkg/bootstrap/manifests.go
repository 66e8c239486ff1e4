package bootstrap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// manifest is what one of the user's files holds.
type manifest struct {
	source  string
	objects []*unstructured.Unstructured
	wait    bool
}

const (
	// fetchTimeout bounds the reading of a manifest from elsewhere.
	fetchTimeout = 30 * time.Second
	// manifestLimit is more than the API server takes of all objects that a
	// manifest may reasonably have.
	manifestLimit = 64 << 20
	// applyRetry is how often a manifest is applied again that needs something which is
	// not there yet. That a webhook answers cannot be watched.
	applyRetry = time.Second
)

// readManifests reads what is applied later, so that a mistake is found before
// the nodes are made.
func readManifests(ctx context.Context, wanted []clusters.Manifest) (read []manifest, err error) {
	for _, m := range wanted {
		data, err := content(ctx, m)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(data); m.SHA256 != "" && hex.EncodeToString(sum[:]) != m.SHA256 {
			return nil, hint.ManifestChanged.New(fmt.Sprintf("manifest %s hashes to %x, not to %s", m.Source(), sum, m.SHA256),
				"look at what has changed; if it is meant to be, correct sha256")
		}
		objects, err := kube.Decode(data)
		if err == nil {
			err = nameless(objects)
		}
		if err != nil {
			return nil, hint.ManifestInvalid.Wrap(err, "manifest "+m.Source()+" cannot be applied",
				"correct it: kubectl apply --dry-run=client -f "+m.Source())
		}
		read = append(read, manifest{m.Source(), objects, !m.NoWait})
	}
	return read, nil
}

// nameless finds what cannot be applied, only created.
func nameless(objects []*unstructured.Unstructured) error {
	if len(objects) == 0 {
		return errors.New("it holds no objects")
	}
	for _, object := range objects {
		if object.GetName() == "" {
			return fmt.Errorf("a %s has no name", object.GetKind())
		}
	}
	return nil
}

// content reads a manifest from its place.
func content(ctx context.Context, m clusters.Manifest) ([]byte, error) {
	if m.File != "" {
		data, err := os.ReadFile(m.File)
		if err != nil {
			return nil, hint.ManifestUnreadable.Wrap(err, "a manifest cannot be read",
				"correct its path in the configuration; a relative one begins where the configuration file is")
		}
		return data, nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	data, err := fetch(ctx, m.URL)
	if err != nil {
		return nil, hint.ManifestUnreachable.Wrap(err, "manifest "+m.URL+" cannot be read",
			"check the address and the network, or keep a copy and name it as file")
	}
	return data, nil
}

func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, manifestLimit+1))
	if err == nil && len(data) > manifestLimit {
		err = fmt.Errorf("it is larger than %d MiB", manifestLimit>>20)
	}
	return data, err
}

func (u *Up) noManifests() string {
	if len(u.Topology.Manifests) == 0 {
		return "there are none"
	}
	return ""
}

// applyManifests applies them in their order. What one of them runs is ready
// before the next, which may need it.
func (u *Up) applyManifests(ctx context.Context, span *event.Span) (string, error) {
	objects := 0
	for i, m := range u.manifests {
		span.Progress(m.source, int64(i), int64(len(u.manifests)))
		if err := u.apply(ctx, m, span); err != nil {
			return "", err
		}
		objects += len(m.objects)
		if !m.wait {
			continue
		}
		if err := u.waiter().Wait(ctx, hint.ManifestNotReady, "manifest "+m.source+" is not ready", "kubectl get pods,events -A",
			func(ctx context.Context) error {
				return u.client.UntilReady(ctx, m.objects, func(err error) { span.Progress(err.Error(), 0, 0) })
			}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d objects", objects), nil
}

// apply tries again, for as long as waits may take, while what the manifest needs may
// still come.
func (u *Up) apply(ctx context.Context, m manifest, span *event.Span) error {
	bounded, cancel := context.WithTimeout(ctx, u.WaitTimeout)
	defer cancel()
	var missing error // what is waited for
	for {
		err := u.client.Apply(bounded, m.objects)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case mayCome(err):
			missing = err
			span.Progress(m.source+" waits: "+err.Error(), 0, 0)
		case missing == nil || bounded.Err() == nil:
			return hint.ManifestRefused.Wrap(err, "manifest "+m.source+" could not be applied", "correct it, or the order of the manifests")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-bounded.Done():
			return hint.ManifestRefused.Wrap(missing, fmt.Sprintf("manifest %s could not be applied within %v", m.source, u.WaitTimeout),
				"correct it, or the order of the manifests; --wait-timeout gives what it needs more time to come")
		case <-time.After(applyRetry):
		}
	}
}

// mayCome recognizes errors that end by themselves: a webhook does not answer yet, or
// a kind, namespace or service account is not there yet, which an operator or
// Kubernetes' own controllers make a moment later.
func mayCome(err error) bool {
	var unknown *meta.NoKindMatchError
	switch {
	case errors.As(err, &unknown):
		return !scheme.Scheme.IsGroupRegistered(unknown.GroupKind.Group) // Kubernetes' own kinds are there from the beginning
	case apierrors.IsForbidden(err): // by admission, for what a pod names, or by a namespace that ends
		return strings.Contains(err.Error(), "error looking up service account") ||
			apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
	}
	return apierrors.IsNotFound(err) || apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err)
}
