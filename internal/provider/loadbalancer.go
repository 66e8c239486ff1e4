package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/gofrs/flock"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/yaml"
)

// backends is the file of the load balancer that lists the control planes (kind
// v0.33.0, pkg/cluster/internal/loadbalancer). Envoy reads it again when another
// file is moved into its place.
const backends = "/home/envoy/cds.yaml"

// SetBackends has the load balancer spread connections over these control planes alone.
func (c Cluster) SetBackends(ctx context.Context, planes []string) error {
	front, err := c.loadBalancer(ctx)
	if err == nil && front == nil {
		err = errors.New("the cluster has no load balancer")
	}
	if err != nil {
		return err
	}
	data, err := front.ReadFile(ctx, backends)
	if err != nil {
		return err
	}
	changed, err := withBackends(data, planes)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", backends, front.Name, err)
	}
	const draft = backends + ".tmp"
	const replace = "cp /dev/stdin " + draft + " && chmod 666 " + draft + " && mv " + draft + " " + backends
	if err := front.pipe(ctx, bytes.NewReader(changed), io.Discard, "sh", "-c", replace); err != nil {
		return fmt.Errorf("replace %s in %s: %w", backends, front.Name, err)
	}
	return nil
}

// HasLoadBalancer reports whether a cluster has a load balancer in front.
func (c Cluster) HasLoadBalancer(ctx context.Context) (bool, error) {
	front, err := c.loadBalancer(ctx)
	return front != nil, err
}

// loadBalancer is nil where there is none.
func (c Cluster) loadBalancer(ctx context.Context) (*Node, error) {
	nodes, err := c.Nodes(ctx)
	for _, n := range nodes {
		if n.Role == constants.ExternalLoadBalancerNodeRoleValue {
			return n, err
		}
	}
	return nil, err
}

// withBackends is the file with other control planes.
func withBackends(data []byte, planes []string) ([]byte, error) {
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if len(file.Resources) != 1 {
		return nil, fmt.Errorf("it has %d clusters, expected 1", len(file.Resources))
	}
	assignment, ok := file.Resources[0]["load_assignment"].(map[string]any)
	if !ok {
		return nil, errors.New("its cluster has no load_assignment")
	}
	var endpoints []any
	for _, plane := range planes {
		address := map[string]any{"socket_address": map[string]any{"address": plane, "port_value": apiServer}}
		endpoints = append(endpoints, map[string]any{"endpoint": map[string]any{"address": address}})
	}
	assignment["endpoints"] = []any{map[string]any{"lb_endpoints": endpoints}}
	return yaml.Marshal(file)
}

// builtLabel is the label of every image that is built on a host.
const builtLabel = "dev.kindctl.inputs"

// TagTemporarily lets an image that was built bear a name of another one for as long as
// kind needs it, since kind runs its load balancer by one fixed name. untag
// takes the name away, unless another process still needs it; the last one does
// then. Nothing is done if image is "" or name itself, or if Docker has got the
// real image by that name meanwhile.
func (d *Docker) TagTemporarily(ctx context.Context, image, name string) (untag func(), err error) {
	if image == "" || image == name {
		return func() {}, nil
	}
	lock := flock.New(filepath.Join(os.TempDir(), "kindctl-load-balancer.lock"))
	if _, err := lock.TryRLockContext(ctx, lockRetry); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if othersImage, err := d.othersImage(ctx, name); err != nil || othersImage {
		return func() {}, closeWith(err, lock)
	}
	if _, err := d.api.ImageTag(ctx, client.ImageTagOptions{Source: image, Target: name}); err != nil {
		return nil, closeWith(fmt.Errorf("tag %s as %s: %w", image, name, err), lock)
	}
	return func() { d.untag(context.WithoutCancel(ctx), lock, name) }, nil
}

func closeWith(err error, lock *flock.Flock) error {
	_ = lock.Close()
	return err
}

// othersImage reports whether Docker has an image by that name that was not built by
// kindctl.
func (d *Docker) othersImage(ctx context.Context, name string) (bool, error) {
	image, err := d.api.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil || image.Config == nil {
		return err == nil, err
	}
	_, built := image.Config.Labels[builtLabel]
	return !built, nil
}

// untag removes the name if no other process holds the lock. Where that fails, the
// name stays until the next load balancer is started.
func (d *Docker) untag(ctx context.Context, lock *flock.Flock, name string) {
	_ = lock.Unlock()
	if alone, err := lock.TryLock(); err == nil && alone {
		if othersImage, err := d.othersImage(ctx, name); err == nil && !othersImage {
			_, _ = d.api.ImageRemove(ctx, name, client.ImageRemoveOptions{})
		}
	}
	_ = lock.Close()
}
