package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// upOptions reads clusterFlags, and refuses what cannot work before Docker is asked. The
// warnings are what is allowed and unwise.
func upOptions(c *cli.Context) (o kindctl.UpOptions, warnings []string, err error) {
	topology, err := topologyOf(c)
	if err != nil {
		return o, nil, err
	}
	if warnings, err = topology.Validate(); err != nil {
		return o, nil, err
	}
	o, err = creationOptions(c)
	o.Topology = topology
	return o, warnings, err
}

// restoreOptions is upOptions for a cluster whose shape is in a snapshot: variables that say
// which cluster to make do not count, and such flags are refused.
func restoreOptions(c *cli.Context) (o kindctl.UpOptions, warnings []string, err error) {
	for _, flag := range append(topologyFlags(), traceFlag()) {
		if name := flag.Names()[0]; name != "ttl" && given(c, name) {
			return o, nil, hint.BadFlag.New("--from and --"+name+" exclude each other", "leave one of them out; the snapshot says what the cluster is")
		}
	}
	if c.String("from") == "" {
		return o, nil, hint.BadFlag.New("--from names no snapshot", "write it as --from seeded, --from ./seeded.tar or --from registry.example/team/lab:seeded")
	}
	o, err = creationOptions(c)
	o.From, o.Topology.TTL = c.String("from"), c.Duration("ttl")
	if c.IsSet("name") {
		o.Topology.Name = c.String("name")
	}
	return o, nil, err
}

// fromFlag says what restoreOptions restore. The library distinguishes the three.
func fromFlag() cli.Flag {
	return &cli.StringFlag{Name: "from", TakesFile: true, Usage: "restore `SNAPSHOT`, a name without /, of a cluster that is gone or on another machine; " +
		"or a file of kindctl snapshot export, with /; or what kindctl snapshot push wrote: REGISTRY/REPOSITORY:TAG. " +
		"Only from people you trust, because it runs as root"}
}

// creationOptions are those of how a cluster is made.
func creationOptions(c *cli.Context) (o kindctl.UpOptions, err error) {
	mode := images.Mode(c.String("images"))
	if err := mode.Check(); err != nil {
		return o, err
	}
	if err := positiveTTL(c); err != nil {
		return o, err
	}
	wait, err := waitTimeout(c)
	return kindctl.UpOptions{Images: mode, Mirror: c.String("image-registry"), WaitTimeout: wait,
		IgnorePreflightErrors: c.StringSlice(ignoreFlag), Timeline: c.IsSet("trace")}, err
}

// positiveTTL refuses a lifetime that is over at once.
func positiveTTL(c *cli.Context) error {
	if c.IsSet("ttl") && c.Duration("ttl") <= 0 {
		return hint.BadFlag.New("--ttl must be positive", "write it as 2h or 90m; without it the cluster stays until it is removed")
	}
	return nil
}

func waitTimeoutFlag() *cli.DurationFlag {
	return &cli.DurationFlag{Name: "wait-timeout", EnvVars: []string{"KINDCTL_WAIT_TIMEOUT"}, Value: kindctl.WaitTimeout, Usage: "timeout (`DURATION`) for each wait"}
}

// waitTimeout reads the flag.
func waitTimeout(c *cli.Context) (time.Duration, error) {
	if wait := c.Duration("wait-timeout"); wait > 0 {
		return wait, nil
	}
	return 0, hint.BadFlag.New("--wait-timeout must be positive", "write it as 5m or 300s")
}

// warn emits warnings of a configuration.
func warn(sink event.Sink, warnings []string) {
	for _, warning := range warnings {
		event.Warn(sink, event.Phase, "config", warning, "")
	}
}
