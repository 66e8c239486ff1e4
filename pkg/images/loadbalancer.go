package images

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/pkg/hint"
)

// loadBalancer makes sure that Docker has the load balancer under the one name
// that kind starts it by.
func (r *Resolver) loadBalancer(ctx context.Context, req Request) error {
	if req.LoadBalancer == "" {
		return nil
	}
	_, found, err := r.Docker.Labels(ctx, req.LoadBalancer)
	if err != nil || found {
		return err
	}
	switch req.Mode {
	case Local:
		return hint.New(hint.Preflight, "LOAD_BALANCER_MISSING", fmt.Sprintf("Docker does not have %s, which several control planes need", req.LoadBalancer),
			`use another --images mode, or run "kindctl images build --load-balancer"`)
	case Build:
		return r.Builder.BuildLoadBalancer(ctx)
	}
	if err := r.Registry.Answers(ctx, req.LoadBalancer); err != nil {
		if req.Mode == Auto {
			return r.Builder.BuildLoadBalancer(ctx)
		}
		return err
	}
	located, err := r.pull(ctx, req.LoadBalancer)
	if err != nil || located == req.LoadBalancer {
		return err
	}
	return r.Docker.Tag(ctx, located, req.LoadBalancer)
}
