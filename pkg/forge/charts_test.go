package forge

import (
	"archive/tar"
	"errors"
	"io"
	"testing"

	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/charts/chartstest"
	"github.com/kindctl/kindctl/pkg/event"
)

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
