package provider

import (
	"context"
	"time"
)

// quiet is how many looks in a row must find nothing before Delete believes it.
const quiet = 3

// Delete removes a cluster's containers with their volumes, and its entry in
// the kubeconfig. An unsettled cluster, whose creation failed or was given up,
// may still get containers: Delete looks again until nothing comes any more.
func (p *Provider) Delete(ctx context.Context, name, kubeconfig string, unsettled bool) error {
	if err := remove(ctx, name, kubeconfig); err != nil {
		return err
	}
	if !unsettled {
		return nil
	}
	ticker := time.NewTicker(p.settle)
	defer ticker.Stop()
	for calm := 0; calm < quiet; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		left, err := silent().ListNodes(name)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			if !p.underWay() {
				calm++
			}
			continue
		}
		calm = 0
		if err := remove(ctx, name, kubeconfig); err != nil {
			return err
		}
	}
	return nil
}

// remove lets kind delete what is there now.
func remove(ctx context.Context, name, kubeconfig string) error {
	return explain(unlocked(ctx, func() error { return silent().Delete(name, kubeconfig) }))
}
