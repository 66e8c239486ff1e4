package bootstrap

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
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

// sources are the files that a CNI is installed from, by the names of their bundles'
// archives.
type sources map[string]fs.FS

// find is a charts.Finder that fetches nothing.
func (s sources) find(bundle charts.Bundle) (fs.FS, error) {
	files, found := s[bundle.File()]
	if !found {
		return nil, fmt.Errorf("the files of %s were not looked for before the cluster was made", bundle.Name)
	}
	return files, nil
}

// findSources reads what the CNI is installed from, before a node is there.
func (u *Up) findSources(ctx context.Context, docker images.Docker) error {
	if u.addon == nil {
		return nil
	}
	u.sources = sources{}
	for _, bundle := range u.addon.Sources() {
		places, err := library(ctx, docker, u.found.Node, bundle, u.Sink)
		if err != nil {
			return err
		}
		if u.sources[bundle.File()], err = places.Find(ctx, bundle); err != nil {
			return err
		}
	}
	return nil
}

// describe finds what the CNI's settings are validated against. The node image is
// not known yet: that of the configuration, or kindctl's own, may have it.
func (u *Up) describe(ctx context.Context, bundle charts.Bundle) (fs.FS, error) {
	resolver, err := u.Dependencies.Images(u.docker, u.facts)
	if err != nil {
		return nil, err
	}
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

// sources says what findSources would download.
func (d dryRun) sources(ctx context.Context, docker images.Docker) (changes []string, err error) {
	if d.up.addon == nil {
		return nil, nil
	}
	for _, bundle := range d.up.addon.Sources() {
		if bundle.InNodes && d.up.found.Source == images.Build {
			continue // the image that would be built has it
		}
		places, err := library(ctx, docker, d.up.found.Node, bundle, d.up.Sink)
		if err != nil {
			return nil, err
		}
		where, download, err := places.Locate(ctx, bundle)
		if err != nil {
			return nil, err
		}
		if download {
			changes = append(changes, "download "+where)
		}
	}
	return changes, nil
}

// SourceID is the finding that Source returns.
const SourceID = "cni.source"

// Source is what can be said of the files that a topology's CNI is installed from:
// whether the binary, the node image that Docker has, or a module proxy has them.
// Without a CNI there is no finding.
func Source(ctx context.Context, docker *provider.Docker, dependencies Dependencies, t clusters.Topology,
	facts host.Facts) ([]host.Finding, error) {
	addon, err := dependencies.Addon(t, facts)
	if addon == nil || err != nil {
		return nil, err
	}
	resolver, err := dependencies.Images(docker, facts)
	if err != nil {
		return nil, err
	}
	node, err := nodeImageOf(t, resolver)
	if err != nil {
		return nil, err
	}
	var from []string
	for _, bundle := range addon.Sources() {
		found, err := library(ctx, resolver.Docker, node, bundle, event.Discard)
		if err != nil {
			return nil, err
		}
		where, download, err := found.Locate(ctx, bundle)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			finding := host.Broken(SourceID, err)
			finding.Effect = "a cluster with " + addon.Name() + " and these settings cannot be created"
			return []host.Finding{finding}, nil
		case download:
			where = "a download of " + where
		}
		if !slices.Contains(from, where) {
			from = append(from, where)
		}
	}
	return []host.Finding{
		{
			ID:       SourceID,
			State:    host.OK,
			Observed: "what " + addon.Name() + " " + addon.Version() + " is installed from comes from " + strings.Join(from, " and "),
		},
	}, nil
}
