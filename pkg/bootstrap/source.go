package bootstrap

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
)

// library finds what a CNI is installed from, also in a node image; "" is none.
func library(ctx context.Context, docker images.Docker, node string, bundle charts.Bundle, sink event.Sink) (charts.Library, error) {
	found := charts.Library{Sink: sink}
	if node == "" {
		return found, nil
	}
	labels, _, err := docker.Labels(ctx, node)
	if err == nil && slices.Contains(strings.Split(labels[charts.NodeLabel], ","), bundle.File()) {
		found.Node = func(ctx context.Context, path string) ([]byte, error) { return docker.File(ctx, node, path) }
	}
	return found, err
}

// findSource reads what the CNI is installed from, before a node is there.
func (u *Up) findSource(ctx context.Context, docker images.Docker) error {
	if u.addon == nil {
		return nil
	}
	places, err := library(ctx, docker, u.found.Node, u.addon.Source(), u.Sink)
	if err != nil {
		return err
	}
	u.source, err = places.Find(ctx, u.addon.Source())
	return err
}

// describe finds what the CNI's settings are validated against. The node image is
// not known yet: that of the configuration, or kindctl's own, may have it.
func (u *Up) describe(ctx context.Context, bundle charts.Bundle) (fs.FS, error) {
	resolver, closeResolver, err := u.Places.Images(ctx, u.facts)
	if err != nil {
		return nil, err
	}
	defer closeResolver()
	node, err := nodeImageOf(u.Topology, resolver)
	if err != nil {
		return nil, err
	}
	places, err := library(ctx, resolver.Docker, node, bundle, u.Sink)
	if err != nil {
		return nil, err
	}
	return places.Find(ctx, bundle)
}

// nodeImageOf is the image that a topology names, or else the one that kindctl builds.
func nodeImageOf(t clusters.Topology, resolver *images.Resolver) (string, error) {
	if t.Image != "" {
		return t.Image, nil
	}
	return resolver.Builder.NodeImage()
}

// wouldFindSource says what findSource would download. A node image that would be
// built has everything.
func (u *Up) wouldFindSource(ctx context.Context, docker images.Docker) ([]string, error) {
	if u.addon == nil || u.found.Source == images.Build {
		return nil, nil
	}
	places, err := library(ctx, docker, u.found.Node, u.addon.Source(), u.Sink)
	if err != nil {
		return nil, err
	}
	where, download, err := places.Locate(ctx, u.addon.Source())
	if err != nil || !download {
		return nil, err
	}
	return []string{"download " + where}, nil
}

// SourceID is the finding that Source returns.
const SourceID = "cni.source"

// Source is what can be said of the files that a topology's CNI is installed from:
// whether the binary, the node image that Docker has, or a module proxy has them.
// Without a CNI there is no finding.
func Source(ctx context.Context, places Places, t clusters.Topology, facts host.Facts) ([]host.Finding, error) {
	addon, err := places.Addon(t, facts)
	if addon == nil || err != nil {
		return nil, err
	}
	resolver, closeResolver, err := places.Images(ctx, facts)
	if err != nil {
		return nil, err
	}
	defer closeResolver()
	node, err := nodeImageOf(t, resolver)
	if err != nil {
		return nil, err
	}
	found, err := library(ctx, resolver.Docker, node, addon.Source(), event.Discard)
	if err != nil {
		return nil, err
	}
	where, download, err := found.Locate(ctx, addon.Source())
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		finding := host.Broken(SourceID, err)
		finding.Effect = "no cluster with " + addon.Name() + " can be made"
		return []host.Finding{finding}, nil
	case download:
		where = "a download of " + where
	}
	return []host.Finding{{ID: SourceID, State: host.OK, Seen: "what " + addon.Name() + " " + addon.Version() + " is installed from comes from " + where}}, nil
}
