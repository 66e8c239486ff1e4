package addons

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

func TestCatalogue(t *testing.T) {
	for _, name := range Names() {
		addon, err := New(name, plugin.Options{PodSubnet: "10.244.0.0/16", ProxyMode: "iptables"})
		if err != nil {
			t.Fatal(err)
		}
		if addon.Name() != name {
			t.Errorf("the catalog has %s under the name %s", addon.Name(), name)
		}
		for _, image := range addon.Images() {
			if i := strings.LastIndex(image, ":"); i < 0 || image[i+1:] == "latest" {
				t.Errorf("%s: image %s is not pinned", name, image)
			}
		}
		if err := verify.Validate(verify.Join(checks.Core(), addon.Checks())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if addon, err := New(None, plugin.Options{}); addon != nil || err != nil {
		t.Errorf("no CNI gives %v, %v", addon, err)
	}
	if _, err := New("flannel", plugin.Options{}); hint.CodeOf(err) != hint.Usage || !strings.Contains(hint.AdviceOf(err), "calico, cilium, none") {
		t.Errorf("an unknown CNI gives %v (%s)", err, hint.AdviceOf(err))
	}
}
