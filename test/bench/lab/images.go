package lab

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/wiring"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// findImages finds or builds, for every CNI, the node image of all arms, after it
// has made sure that the host can carry the largest cluster.
func (l *Lab) findImages(ctx context.Context, o Options) (map[string]string, error) {
	found := map[string]string{}
	for _, cni := range o.CNIs {
		for _, nodes := range o.Nodes {
			t, err := topology(cni, nodes)
			if err != nil {
				return nil, err
			}
			needs, err := kindctl.Needs(t)
			if err != nil {
				return nil, err
			}
			if err := l.Facts.Refuse(needs); err != nil {
				return nil, err
			}
		}
		image, err := l.findImage(ctx, cni, o)
		if err != nil {
			return nil, err
		}
		found[cni] = image
	}
	return found, nil
}

// findImage finds the node image for a CNI. It must hold the CNI's own images:
// arms that bring them in each in its own way would be compared by that.
func (l *Lab) findImage(ctx context.Context, cni string, o Options) (string, error) {
	t, err := topology(cni, 1)
	if err != nil {
		return "", err
	}
	places := wiring.Dependencies(t, "", o.Sink)
	addon, err := places.Addon(t, l.Facts)
	if err != nil {
		return "", err
	}
	resolver, err := places.Images(l.docker, l.Facts)
	if err != nil {
		return "", err
	}
	set, err := resolver.Resolve(
		ctx, images.Request{Mode: o.Mode, Node: o.Image, Published: provider.NodeImage(""), Pods: append(addon.Images(), places.Probe)},
	)
	if err != nil {
		return "", err
	}
	if len(set.Archives) > 0 {
		return "", hint.New(hint.Preflight, "IMAGES_NOT_BAKED", fmt.Sprintf("the node image %s does not hold %s, which both arms are to find there", set.Node, set.Archives[0].Image),
			"build one that does: kindctl images build --cni "+cni)
	}
	return set.Node, nil
}
