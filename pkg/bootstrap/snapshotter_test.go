package bootstrap

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestSnapshotter(t *testing.T) {
	unpacked := []string{"pause:1"}
	for _, test := range []struct {
		name, variable, driver string
		baked                  []string
		want                   string // a part of the refusal, or ""
	}{
		{"nothing is asked for", "", "overlay2", unpacked, ""},
		{"what is there anyway", "overlayfs", "overlay2", unpacked, ""},
		{"another one", "fuse-overlayfs", "overlay2", unpacked, snapshotterVariable + " asks for fuse-overlayfs"},
		{"another one, and kind's image", "fuse-overlayfs", "overlay2", nil, ""},
		{"a driver that needs another one", "", "zfs", unpacked, "Docker's storage driver zfs calls for native"},
		{"such a driver, and overlayfs nevertheless", "overlayfs", "zfs", unpacked, ""},
		{"such a driver, and kind's image", "", "zfs", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(snapshotterVariable, test.variable)
			err := checkSnapshotter(images.Set{Node: "node:1", Baked: test.baked}, host.Facts{StorageDriver: test.driver})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || hint.CodeOf(err) != hint.Preflight || hint.AdviceOf(err) == "" {
				t.Errorf("got %v, with code %v and advice %q", err, hint.CodeOf(err), hint.AdviceOf(err))
			}
		})
	}
}
