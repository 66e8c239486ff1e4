package images

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/daemon"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/event"
)

// Engine is the Docker engine over its API.
type Engine struct {
	client *client.Client
}

// NewEngine returns an Engine for a client that the caller closes.
func NewEngine(c *client.Client) *Engine { return &Engine{client: c} }

// Labels implements Docker.
func (e *Engine) Labels(ctx context.Context, ref string) (map[string]string, bool, error) {
	image, err := e.client.ImageInspect(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("inspect image %s: %w", ref, err)
	case image.Config == nil:
		return nil, true, nil
	}
	return image.Config.Labels, true, nil
}

// Pull implements Docker.
func (e *Engine) Pull(ctx context.Context, ref string, progress *event.Span) error {
	auth, err := credentials(ref)
	if err != nil {
		return err
	}
	response, err := e.client.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return fmt.Errorf("pull %s: %w", ref, err)
	}
	defer response.Close()
	layers := map[string][2]int64{}
	for message, err := range response.JSONMessages(ctx) {
		if err != nil {
			return fmt.Errorf("pull %s: %w", ref, err)
		}
		if message.Error != nil {
			return fmt.Errorf("pull %s: %w", ref, message.Error)
		}
		if message.Progress != nil && message.Status == "Downloading" {
			layers[message.ID] = [2]int64{message.Progress.Current, message.Progress.Total}
			var current, total int64
			for _, layer := range layers {
				current += layer[0]
				total += layer[1]
			}
			progress.Progress("pulling", current, total)
		}
	}
	return nil
}

// Save implements Docker.
func (e *Engine) Save(ctx context.Context, ref, path string) error {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	image, err := daemon.Image(parsed, daemon.WithContext(ctx), daemon.WithClient(e.client), daemon.WithUnbufferedOpener())
	if err != nil {
		return err
	}
	if err := write(path, parsed, image); err != nil {
		return fmt.Errorf("save %s: %w", ref, err)
	}
	return nil
}

// credentials returns what the user's docker login holds for ref's registry,
// in the form of the X-Registry-Auth header.
func credentials(ref string) (string, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return "", err
	}
	authenticator, err := authn.DefaultKeychain.Resolve(parsed.Context())
	if err != nil {
		return "", fmt.Errorf("credentials for %s: %w", parsed.Context().RegistryStr(), err)
	}
	found, err := authenticator.Authorization()
	if err != nil {
		return "", fmt.Errorf("credentials for %s: %w", parsed.Context().RegistryStr(), err)
	}
	header, err := json.Marshal(registry.AuthConfig{ //nolint:gosec // Docker takes credentials in a header
		Username: found.Username, Password: found.Password, Auth: found.Auth,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
		ServerAddress: parsed.Context().RegistryStr(),
	})
	return base64.URLEncoding.EncodeToString(header), err
}
