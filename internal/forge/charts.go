package forge

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/charts"
)

// bundles are what each CNI is installed from.
var bundles = map[string]charts.Bundle{Cilium: charts.Cilium, Calico: charts.Calico}

func chartsComponent(cni string) string { return cni + "-charts" }

// cniCharts is the layer of a node image with what its CNI is installed from, for
// those who have no other way to it. It follows the CNI's program, whose
// compilation brings the module into Go's cache.
func cniCharts(cni string) component {
	bundle := bundles[cni]
	place := charts.NodeDir + "/" + bundle.File()
	return component{
		name: chartsComponent(cni), title: "Charts of " + strings.ToUpper(cni[:1]) + cni[1:], lane: unpack, estimate: 2 * time.Second,
		needs: []string{cni}, inputs: [][]byte{layerCode, []byte(place), []byte(bundle.Sum)},
		build: func(ctx context.Context, w *work) error {
			packed, err := charts.Library{Sink: w.sink}.Packed(ctx, bundle)
			if err != nil {
				return err
			}
			t := tree{}
			t.text(place, 0o644, string(packed))
			return t.store(filepath.Join(w.dir, rootLayer))
		},
	}
}
