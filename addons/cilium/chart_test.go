package cilium

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/gomod"
	"github.com/kindctl/kindctl/pkg/hint"
)

// published is the chart as upstream published it, when Go's module cache
// holds it: tests use no network.
func published(t *testing.T) *chart.Chart {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOPROXY", "off")
	dir, err := gomod.Fetch(t.Context(), source, chartDir, event.Discard)
	if hint.ReasonOf(err) == "MODULE_UNREACHABLE" {
		t.Skip("the chart's module is not in Go's module cache")
	}
	if err != nil {
		t.Fatal(err)
	}
	ch, err := loader.LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ch.(*chart.Chart)
}

var image = regexp.MustCompile(`(?m)^\s*image: "?([^"\s]+)"?\s*$`)

// TestChart renders the published chart: what it asks the kubelet for must be
// what the nodes hold and what the host can give.
func TestChart(t *testing.T) {
	ch := published(t)
	addon := New(Options{ProxyMode: "none", APIServerHost: "lab-control-plane", APIServerPort: 6443, LacksSysResource: true})
	values, err := Values(addon.options, ch.Values)
	if err != nil {
		t.Fatal(err)
	}
	i := action.NewInstall(newStored(t).config)
	i.ReleaseName, i.Namespace, i.DryRunStrategy = releaseName, namespace, action.DryRunClient
	if i.KubeVersion, err = common.ParseKubeVersion("v1.37.2"); err != nil {
		t.Fatal(err)
	}
	rendered, err := i.RunWithContext(t.Context(), ch, values)
	if err != nil {
		t.Fatal(err)
	}
	manifest := rendered.(*release.Release).Manifest
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
