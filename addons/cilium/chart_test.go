package cilium

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
)

// published is the chart as upstream published it.
func published(t *testing.T) *chart.Chart {
	t.Helper()
	ch, err := readChart(chartstest.Files(t, charts.Cilium))
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// TestChartIsReadAsByHelm compares with what Helm's own loader makes of a directory.
func TestChartIsReadAsByHelm(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, chartstest.Files(t, charts.Cilium)); err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.LoadDir(filepath.Join(dir, chartDir))
	if err != nil {
		t.Fatal(err)
	}
	want, got := loaded.(*chart.Chart), published(t)
	names := func(files []*common.File) (names []string) {
		for _, file := range files {
			names = append(names, fmt.Sprintf("%s: %d bytes", file.Name, len(file.Data)))
		}
		slices.Sort(names)
		return names
	}
	for what, files := range map[string][2][]*common.File{
		"raw files": {got.Raw, want.Raw}, "templates": {got.Templates, want.Templates}, "files": {got.Files, want.Files},
	} {
		if diff := cmp.Diff(names(files[1]), names(files[0])); diff != "" || len(files[0]) == 0 {
			t.Errorf("%s (-Helm +ours):\n%s", what, diff)
		}
	}
	if got.Metadata.Version != Version {
		t.Errorf("the chart is that of %s, the images are those of %s", got.Metadata.Version, Version)
	}
}

var image = regexp.MustCompile(`(?m)^\s*image: "?([^"\s]+)"?\s*$`)

// manifestOf is the chart rendered with these values.
func manifestOf(t *testing.T, ch *chart.Chart, values map[string]any) string {
	t.Helper()
	return rendered(t, ch, values, nil).Manifest
}

// TestChart renders the published chart: what it asks the kubelet for must be
// what the nodes hold and what the host can give.
func TestChart(t *testing.T) {
	ch := published(t)
	addon := New(plugin.Options{ProxyMode: "none", APIServerHost: "lab-control-plane", APIServerPort: 6443, LacksSysResource: true})
	values, err := Values(addon.options, ch.Values)
	if err != nil {
		t.Fatal(err)
	}
	manifest := manifestOf(t, ch, values)
	var images []string
	for _, match := range image.FindAllStringSubmatch(manifest, -1) {
		images = append(images, match[1])
	}
	slices.Sort(images)
	want := slices.Sorted(slices.Values(addon.Images()))
	if got := slices.Compact(images); !slices.Equal(got, want) {
		t.Errorf("the chart runs %v, Images has %v", got, want)
	}
	for text, wanted := range map[string]bool{
		"SYS_RESOURCE":                   false,
		"imagePullPolicy: Always":        false,
		"name: cilium-envoy":             false,
		`kube-proxy-replacement: "true"`: true,
		`value: "lab-control-plane"`:     true,
		`ipam: "kubernetes"`:             true,
		`tunnel-protocol: "vxlan"`:       true,
	} {
		if strings.Contains(manifest, text) != wanted {
			t.Errorf("the rendered chart has %s: %v, want %v", text, !wanted, wanted)
		}
	}
}
