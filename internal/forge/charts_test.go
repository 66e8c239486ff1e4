package forge

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
	"github.com/kindctl/kindctl/pkg/event"
)

// TestBundlesSayWhereTheyAre: node images have the bundles that say so, and no other.
func TestBundlesSayWhereTheyAre(t *testing.T) {
	for _, bundle := range charts.All {
		inNodes := false
		for _, each := range bundles {
			inNodes = inNodes || each.Name == bundle.Name
		}
		if inNodes != bundle.InNodes {
			t.Errorf("node images have %s: %v, its bundle says %v", bundle.Name, inNodes, bundle.InNodes)
		}
	}
}

// TestGatewayAPIIsThatOfCilium: Cilium's operator is compiled with the version whose
// definitions are installed.
func TestGatewayAPIIsThatOfCilium(t *testing.T) {
	const file = "modules/cilium.mod"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	required, err := modfile.Parse(file, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	wanted := charts.GatewayAPI.Module
	if !slices.ContainsFunc(required.Require, func(r *modfile.Require) bool {
		return r.Mod.Path == wanted.Path && r.Mod.Version == wanted.Version
	}) {
		t.Errorf("%s does not require %s %s", file, wanted.Path, wanted.Version)
	}
}

// TestChartsAreInNodeImages builds the layer, and reads from it as from a node image
// whose label says that it is there.
func TestChartsAreInNodeImages(t *testing.T) {
	for _, cni := range CNIs {
		labels := all[0].nodeConfig(cni).Labels
		bundle, has := bundles[cni]
		if labels[charts.NodeLabel] != "" != has || has && labels[charts.NodeLabel] != bundle.File() {
			t.Errorf("the node image of %s says that it has %q", cni, labels[charts.NodeLabel])
		}
		if !has {
			continue
		}
		chartstest.Files(t, bundle) // else there is no network to get them
		dir := t.TempDir()
		if err := cniCharts(cni).build(t.Context(), &work{dir: dir, sink: event.Discard}); err != nil {
			t.Fatal(err)
		}
		layer, err := openBlob(dir + "/" + rootLayer)
		if err != nil {
			t.Fatal(err)
		}
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		found := false
		for archive := tar.NewReader(content); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if "/"+header.Name != charts.NodeDir+"/"+bundle.File() {
				continue
			}
			packed, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bundle.Open(packed); err != nil {
				t.Error(err)
			}
			found = true
		}
		layers := nodeLayers(cni)
		if last := layers[len(layers)-1]; !found || last != (layerRef{chartsComponent(cni), rootLayer}) {
			t.Errorf("the layer of %s holds the bundle: %v; the uppermost layer is %v", cni, found, last)
		}
	}
}
