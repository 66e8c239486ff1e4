package images

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/pkg/hint"
)

// loadBalancer makes sure that Docker has an image of the load balancer, and returns its
// name: one that was built, or the published one, from where the mirror has it.
func (r *Resolver) loadBalancer(ctx context.Context, req Request) (string, error) {
	if req.LoadBalancer == "" {
		return "", nil
	}
	published, err := r.Registry.Locate(req.LoadBalancer)
	if err != nil {
		return "", err
	}
	built := r.Builder.LoadBalancer()
	usable := map[Mode][]string{Auto: {built, published}, Local: {built, published}, Registry: {published}, Build: {built}}
	for _, ref := range usable[req.Mode] {
		if ref == "" {
			continue
		}
		if _, found, err := r.Docker.Labels(ctx, ref); err != nil || found {
			return ref, err
		}
	}
	switch req.Mode {
	case Local:
		return "", hint.LoadBalancerMissing.New(fmt.Sprintf("Docker does not have %s, which several control planes need", published),
			`use another --images mode, or run "kindctl images build --load-balancer"`)
	case Build:
		return r.Builder.BuildLoadBalancer(ctx)
	}
	if err := r.Registry.Has(ctx, req.LoadBalancer); err != nil {
		if req.Mode == Auto {
			return r.Builder.BuildLoadBalancer(ctx)
		}
		return "", err
	}
	return r.pull(ctx, req.LoadBalancer)
}
