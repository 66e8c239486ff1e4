package bootstrap

import (
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
)

// Dependencies are the parts that the caller chooses.
type Dependencies struct {
	// Addon makes the CNI for a cluster on a host, or nil when there is none.
	Addon func(clusters.Topology, host.Facts) (plugin.Addon, error)
	// Images makes the resolver of images for a Docker and the facts of its host.
	Images func(*provider.Docker, host.Facts) (*images.Resolver, error)
	// Probe is the image of the verification's pods.
	Probe string
}
