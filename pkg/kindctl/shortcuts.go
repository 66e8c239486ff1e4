package kindctl

import (
	"context"
	"io/fs"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/wiring"
	"github.com/kindctl/kindctl/pkg/event"
)

// ValidateCNI reports what is wrong with the configuration's settings of the CNI, as
// the makers of the CNI describe them. Where there are none it does nothing.
func ValidateCNI(ctx context.Context, t clusters.Topology, sink event.Sink) error {
	cni, err := wiring.Addon(t, host.Facts{})
	if cni == nil || err != nil {
		return err
	}
	return cni.Validate(func(bundle charts.Bundle) (fs.FS, error) { return charts.Library{Sink: sink}.Find(ctx, bundle) })
}

// Shortcut is one setting in which a cluster differs from production.
type Shortcut = clusters.Shortcut

// Shortcuts are those that a cluster would take, on a host that lacks nothing.
func Shortcuts(t clusters.Topology) ([]Shortcut, error) {
	cni, err := wiring.Addon(t, host.Facts{})
	if err != nil {
		return nil, err
	}
	all := t.Shortcuts()
	if cni != nil {
		all = append(all, cni.Shortcuts()...)
	}
	return all, nil
}
