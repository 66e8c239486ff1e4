package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// order is the cluster that clusterFlags ask for.
type order struct {
	topology clusters.Topology
	warnings []string
	mode     images.Mode
}

// orderOf reads the flags and refuses what cannot work, before Docker is asked.
func orderOf(c *cli.Context) (o order, err error) {
	if o.topology, err = topologyOf(c); err != nil {
		return o, err
	}
	if o.warnings, err = o.topology.Validate(); err != nil {
		return o, err
	}
	o.mode = images.Mode(c.String("images"))
	if !slices.Contains(images.Modes(), o.mode) {
		return o, hint.BadFlag.New(fmt.Sprintf("there is no source of images %q", o.mode), fmt.Sprintf("use one of %v", images.Modes()))
	}
	if c.IsSet("ttl") && c.Duration("ttl") <= 0 {
		return o, hint.BadFlag.New("--ttl must be positive", "write it as 2h or 90m; without it the cluster stays until it is removed")
	}
	if c.Duration("wait-timeout") <= 0 {
		return o, hint.BadFlag.New("--wait-timeout must be positive", "write it as 5m or 300s")
	}
	return o, nil
}

// warn tells what is allowed and unwise.
func (o order) warn(sink event.Sink) {
	for _, warning := range o.warnings {
		sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "config", Message: warning})
	}
}

// config is what the recipe needs to carry the order out.
func (o order) config(c *cli.Context, sink event.Sink) bootstrap.Config {
	return bootstrap.Config{
		Version: currentVersion(), Topology: o.topology, Image: o.topology.Image, ImageMode: o.mode, WaitTimeout: c.Duration("wait-timeout"),
		IgnorePreflightErrors: c.StringSlice(ignoreFlag),
		Docker:                connection(c),
		Dependencies:          kindctl.Places(o.topology, c.String("image-registry"), sink), Sink: sink,
	}
}
