package kindctl

import (
	"context"
	"slices"

	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/internal/releases"
)

// BuildImages builds images from Go modules and Debian packages and loads them into
// Docker. Those that are there are kept. It returns the names of all.
func (c *Client) BuildImages(ctx context.Context, o ImageOptions) (refs []string, err error) {
	specs, err := o.specs()
	if err != nil {
		return nil, err
	}
	for _, spec := range specs {
		result, err := forge.Build(ctx, spec, forge.Options{CacheDir: o.CacheDir, Parallel: o.Parallel, Sink: c.sink()})
		if err != nil {
			return refs, err
		}
		refs = appendNew(refs, result.NodeImage)
		if spec.LoadBalancer {
			refs = appendNew(refs, result.LoadBalancerImage)
		}
	}
	return refs, nil
}

// ImageComponents returns what images are made of, in the order in which it is built.
func (c *Client) ImageComponents(o ImageOptions) ([]ImageComponent, error) {
	specs, err := o.specs()
	if err != nil {
		return nil, err
	}
	all := []ImageComponent{}
	for _, spec := range specs {
		list, err := forge.Components(spec, forge.Options{CacheDir: o.CacheDir})
		if err != nil {
			return nil, err
		}
		for _, status := range list {
			all = appendNew(all, ImageComponent(status))
		}
	}
	return all, nil
}

// PruneImages removes the images and components that this version of kindctl no longer
// uses, whatever the CNI and version of Kubernetes; of o only CacheDir counts. Images of
// containers stay.
func (c *Client) PruneImages(ctx context.Context, o ImageOptions) (PrunedImages, error) {
	freed, removed, err := forge.Prune(ctx, forge.Options{CacheDir: o.CacheDir, Sink: c.sink()})
	return PrunedImages{freed, removed}, err
}

// specs returns one for each CNI.
func (o ImageOptions) specs() (specs []forge.Spec, err error) {
	version := ""
	if o.Kubernetes != "" {
		if version, err = releases.Resolve(o.Kubernetes); err != nil {
			return nil, err
		}
	}
	names := o.CNIs
	switch {
	case len(names) == 0:
		names = []string{forge.Cilium}
	case slices.Contains(names, "all"):
		names = forge.CNIs
	}
	for _, name := range names {
		spec := forge.Spec{CNI: name, Kubernetes: version, LoadBalancer: o.LoadBalancer}
		if _, err := forge.NodeImage(spec); err != nil {
			return nil, err
		}
		specs = appendNew(specs, spec)
	}
	return specs, nil
}

// ImageCNIs are those for which node images can be built.
func ImageCNIs() []string { return slices.Clone(forge.CNIs) }

// appendNew appends those items to list that it lacks.
func appendNew[T comparable](list []T, items ...T) []T {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
