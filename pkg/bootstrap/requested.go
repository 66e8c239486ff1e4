package bootstrap

import (
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/verify"
)

// requested are the settings that the configuration's patches ask for.
func requested(t clusters.Topology, settings clusters.NodeSettings) (all []verify.Requested) {
	for _, r := range t.Requests(settings) {
		all = append(all, verify.Requested(r))
	}
	return all
}
