package calico

import (
	"context"
	"io/fs"

	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Stock is Calico as it is published, for comparison.
type Stock struct{}

// Source is what Install reads.
func (s Stock) Source() charts.Bundle { return charts.Calico }

// Install applies the manifest unchanged. It does not wait for the agents.
func (s Stock) Install(ctx context.Context, client *kube.Client, source fs.FS) error {
	objects, err := published(source)
	if err != nil {
		return err
	}
	return client.Apply(ctx, objects)
}

// Settings say what is installed.
func (s Stock) Settings() []string {
	return []string{
		manifestFile + " of Calico " + Version + ", unchanged, by server-side apply, side by side, which is quicker than kubectl apply",
		"not calico.yaml, which takes BIRD and the ipip module: this one starts fewer processes, which favours this arm",
	}
}
