package wiring

import (
	"slices"
	"testing"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/internal/host"
)

// TestNamesAgree holds names that several packages, which do not know each
// other, must spell the same.
func TestNamesAgree(t *testing.T) {
	for _, cni := range clusters.CNIs() {
		if _, err := addons.New(cni, plugin.Options{}); err != nil {
			t.Errorf("a topology may name the CNI %s, the catalog says: %v", cni, err)
		}
		if !slices.Contains(forge.CNIs, cni) {
			t.Errorf("a topology may name the CNI %s, the forge has no image for it", cni)
		}
	}
}

func TestAPIServerIsReachedAsKindNamesIt(t *testing.T) {
	for planes, want := range map[int]string{1: "lab-control-plane", 3: "lab-external-load-balancer"} {
		got := options(clusters.Topology{Name: "lab", ControlPlanes: planes}, host.Facts{MissingCapabilities: []string{"CAP_SYS_RESOURCE"}})
		if got.APIServerHost != want || got.APIServerPort != 6443 || !got.LacksSysResource {
			t.Errorf("%d control planes: %+v, want host %s", planes, got, want)
		}
	}
}
