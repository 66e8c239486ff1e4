package calico

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
)

// TestPublished: the manifest is whole, and its pods run
// images that the nodes hold.
func TestPublished(t *testing.T) {
	objects, err := published(chartstest.Files(t, charts.Calico))
	if err != nil {
		t.Fatal(err)
	}
	var images, names []string
	for _, object := range objects {
		for _, kind := range []string{"initContainers", "containers"} {
			containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", kind)
			if err != nil {
				t.Fatal(err)
			}
			for _, container := range containers {
				images = append(images, container.(map[string]any)["image"].(string))
				names = append(names, container.(map[string]any)["name"].(string))
			}
		}
	}
	slices.Sort(images)
	if want := slices.Sorted(slices.Values(New(plugin.Options{}).Images())); !slices.Equal(slices.Compact(images), want) {
		t.Errorf("the manifest runs %v, the nodes hold %v", slices.Compact(images), want)
	}
	for _, name := range superfluous {
		if !slices.Contains(names, name) {
			t.Errorf("the manifest has no container %s: %v; it is not as it was published, or Render leaves out what is not there", name, names)
		}
	}
}
