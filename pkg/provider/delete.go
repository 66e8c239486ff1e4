package provider

import (
	"context"
	"time"
)

// How many looks in a row must find nothing before Delete believes it. Docker
// finishes a container even when the command that asked for it was killed, and
// shows it only when the image's volumes are copied: as long as containers have
// never been seen, they may still come.
const (
	looks        = 3
	patientLooks = 16
)

// Delete removes a cluster's containers with their volumes, and its entry in
// the kubeconfig. An unsettled cluster, whose creation failed or was given up,
// may still get containers: Delete looks again until nothing comes any more.
func (p *Provider) Delete(ctx context.Context, name, kubeconfig string, unsettled bool) error {
	if !unsettled {
		return remove(ctx, name, kubeconfig)
	}
	ticker := time.NewTicker(p.settle)
	defer ticker.Stop()
	p.seen = map[string]bool{}
	for calm := 0; calm < looks || calm < patientLooks && len(p.seen) < p.expected; {
		there, err := silent().ListNodes(name)
		if err != nil {
			return err
		}
		for _, node := range there {
			p.seen[node.String()] = true
		}
		switch {
		case len(there) > 0:
			calm = 0
			if err := remove(ctx, name, kubeconfig); err != nil {
				return err
			}
		case !p.underWay():
			calm++
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return remove(ctx, name, kubeconfig) // the kubeconfig's entry, if nothing else
}

// remove lets kind delete what is there now.
func remove(ctx context.Context, name, kubeconfig string) error {
	return explain(unlocked(ctx, func() error { return silent().Delete(name, kubeconfig) }))
}
