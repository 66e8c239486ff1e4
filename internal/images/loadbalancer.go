package images

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/pkg/hint"
)

// loadBalancer makes sure that Docker has an image of the load balancer, and
// returns its name: the one by which kind starts it, or that of an image which
// is built to stand in for it.
func (r *Resolver) loadBalancer(ctx context.Context, req Request) (string, error) {
	if req.LoadBalancer == "" {
		return "", nil
	}
	built := r.Builder.LoadBalancer()
	for _, ref := range []string{req.LoadBalancer, built} {
		if ref == "" {
			continue
		}
		labels, found, err := r.Docker.Labels(ctx, ref)
		if err != nil {
			return "", err
		}
		// One that was built may still bear kind's name, if its process was killed.
		if _, lent := labels[BuiltLabel]; found && (ref == built || !lent) {
			return ref, nil
		}
	}
	switch req.Mode {
	case Local:
		return "", hint.LoadBalancerMissing.New(fmt.Sprintf("Docker does not have %s, which several control planes need", req.LoadBalancer),
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
	located, err := r.pull(ctx, req.LoadBalancer)
	if err != nil || located == req.LoadBalancer {
		return located, err
	}
	return req.LoadBalancer, r.Docker.Tag(ctx, located, req.LoadBalancer)
}
