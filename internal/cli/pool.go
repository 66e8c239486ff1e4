package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// backgroundFlag is what startFill gives to "pool fill".
const backgroundFlag = "background"

// isOfOneRun reports whether a flag of up is about the command and not about the cluster.
func isOfOneRun(flag cli.Flag) bool {
	return slices.Contains([]string{"report", "trace"}, flag.Names()[0])
}

func poolCommand() *cli.Command {
	return &cli.Command{
		Name: "pool", Usage: "Keep verified clusters frozen, for up --pool and run --pool",
		Subcommands: []*cli.Command{
			{
				Name: "set", Usage: "Define the pool and fill it",
				UsageText:   "kindctl pool set --size NUMBER [flags of up]",
				Description: "Each cluster is created and verified as by kindctl up, then paused: it keeps its memory but uses no CPU. Clusters of an earlier definition are removed.",
				Flags: append([]cli.Flag{requiredNumber{&cli.IntFlag{Name: "size", Usage: "`NUMBER` of clusters to keep ready"}}},
					slices.DeleteFunc(clusterFlags(), isOfOneRun)...),
				Action: setPool,
			},
			{
				Name: "ls", Usage: "List the clusters of the pool",
				UsageText: "kindctl pool ls [-o json|name]",
				Flags:     []cli.Flag{outputFlag("text", "json", "name")},
				Action:    listPool,
			},
			{
				Name: "fill", Usage: "Create the clusters that the pool lacks, and remove those that cannot be taken",
				UsageText: "kindctl pool fill [--low-priority] [--wait-timeout DURATION]",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "low-priority", Usage: "let other containers go first", DisableDefaultText: true},
					&cli.BoolFlag{Name: backgroundFlag, Hidden: true, DisableDefaultText: true},
					waitTimeoutFlag(),
				},
				Action: fillPool,
			},
			{
				Name: "serve", Usage: "Keep the pool filled until interrupted, for a user service",
				UsageText: "kindctl pool serve [--wait-timeout DURATION]",
				Description: "Fills the pool at low priority whenever a cluster of it was taken or lost; up --pool and run --pool then fill nothing themselves. " +
					"A fill that fails is tried again after 30 seconds, then later each time, at most 15 minutes. Ends with 0 when it is interrupted.",
				Flags:  []cli.Flag{waitTimeoutFlag()},
				Action: servePool,
			},
			{
				Name: "drain", Usage: "Remove the pool with its clusters",
				UsageText: "kindctl pool drain",
				Action:    drainPool,
			},
		},
	}
}

func setPool(c *cli.Context) error {
	if c.Int("size") < 1 {
		return hint.BadFlag.New("--size must be at least 1", "to remove the pool: kindctl pool drain")
	}
	o, _, err := upOptions(c)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	client := clientFor(c, sink)
	if err := client.SetPool(c.Context, kindctl.SetPoolOptions{Size: c.Int("size"), Topology: o.Topology, Images: o.Images, Mirror: o.Mirror,
		IgnorePreflightErrors: o.IgnorePreflightErrors}); err != nil {
		return err
	}
	if _, err := client.FillPool(c.Context, kindctl.FillPoolOptions{WaitTimeout: o.WaitTimeout}); err != nil {
		return err
	}
	finish()
	fmt.Fprintf(c.App.Writer, "The pool has %s ready. Take one: kindctl up --pool\n", quantity.Count(c.Int("size"), "cluster"))
	return nil
}

func fillPool(c *cli.Context) error {
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	options := kindctl.FillPoolOptions{WaitTimeout: wait, LowPriority: c.Bool("low-priority")}
	if c.Bool(backgroundFlag) {
		options.Background, options.LowPriority = true, true
		if options.Log, err = fillLog(); err != nil {
			return err
		}
	}
	made, err := clientFor(c, sink).FillPool(c.Context, options)
	finish()
	if err != nil || options.Background {
		return err
	}
	if len(made) == 0 {
		fmt.Fprintln(c.App.Writer, "The pool is full.")
		return nil
	}
	fmt.Fprintf(c.App.Writer, "The pool is full again, with %s.\n", strings.Join(made, ", "))
	return nil
}

func servePool(c *cli.Context) error {
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	return clientFor(c, lineSink(c)).ServePool(c.Context, kindctl.ServePoolOptions{WaitTimeout: wait})
}

func drainPool(c *cli.Context) error {
	sink, finish := progressSink(c)
	defer finish()
	client := clientFor(c, sink)
	if _, err := client.Pool(c.Context); hint.ReasonOf(err) == hint.PoolMissing.Name {
		fmt.Fprintln(c.App.Writer, "There is no pool.")
		return nil
	}
	removed, err := client.DrainPool(c.Context)
	finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Removed the pool (%s).\n", quantity.Count(len(removed), "cluster"))
	return nil
}

func poolFlag() cli.Flag {
	return &cli.BoolFlag{Name: "pool", Usage: "take a cluster from the pool, and fill the pool again in the background", DisableDefaultText: true}
}

func noFillFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-fill", Usage: "with --pool, do not fill the pool again", DisableDefaultText: true}
}

// takeOptions reads the flags of a command that takes a cluster from the pool, and refuses those
// that cannot be had with it.
func takeOptions(c *cli.Context, excluded ...string) (o kindctl.TakeOptions, pool kindctl.Pool, err error) {
	if given(c, "name") {
		return o, pool, hint.BadFlag.New("--pool and --name exclude each other: a cluster of the pool has its own name, which cannot change",
			"leave --name out; the name is printed at the end")
	}
	for _, flag := range append(excluded, "images", "image-registry", ignoreFlag, "trace") {
		if given(c, flag) {
			return o, pool, hint.BadFlag.New("--pool and --"+flag+" exclude each other", "leave one of them out")
		}
	}
	if err := refuseWithPool(c); err != nil {
		return o, pool, err
	}
	if err := positiveTTL(c); err != nil {
		return o, pool, err
	}
	if o.WaitTimeout, err = waitTimeout(c); err != nil {
		return o, pool, err
	}
	if pool, err = clientOf(c).Pool(c.Context); err != nil {
		return o, pool, err
	}
	if err := refuseOtherImages(c, pool); err != nil {
		return o, pool, err
	}
	wanted := pool.Topology
	if c.String("config") != "" || c.String("profile") != "" {
		wanted, err = topologyOf(c)
	} else {
		wanted, err = overlaid(c, wanted, "name", "ttl")
	}
	if failure := (*hint.Error)(nil); errors.As(err, &failure) && failure.Reason == hint.ConfigConflict.Name {
		err = hint.PoolDiffers.New("the pool has other clusters: "+failure.Message, "leave that out, or create the cluster without --pool")
	}
	o.Topology, o.TTL = &wanted, c.Duration("ttl")
	return o, pool, err
}

// refuseWithPool refuses what a variable can ask for as well, and --pool cannot give.
func refuseWithPool(c *cli.Context) error {
	for _, flag := range []string{"retain", "snapshot"} {
		if c.Bool(flag) {
			from, _ := sourceOf(c, flag)
			return hint.BadFlag.New("--pool and "+from+" exclude each other", "leave one of them out")
		}
	}
	if c.String("output") == "json" {
		return hint.BadFlag.New("--pool and -o json exclude each other", "leave -o json out; a report is JSON: --report json=FILE")
	}
	return nil
}

// refuseOtherImages returns an error for variables that want other images than the pool's.
func refuseOtherImages(c *cli.Context, pool kindctl.Pool) error {
	for flag, has := range map[string]string{"images": cmp.Or(string(pool.Images), string(images.Auto)), "image-registry": pool.Mirror} {
		if wanted := c.String(flag); c.IsSet(flag) && wanted != "" && wanted != has {
			from, _ := sourceOf(c, flag)
			return hint.PoolDiffers.New(fmt.Sprintf("the pool was made with --%s %q, and %s is %q", flag, has, from, wanted),
				"unset "+from+", or define the pool again: kindctl pool set")
		}
	}
	return nil
}

// fillNeedsPool refuses --no-fill without --pool.
func fillNeedsPool(c *cli.Context) error {
	if given(c, "no-fill") {
		return hint.BadFlag.New("--no-fill needs --pool", "leave it out, or add --pool")
	}
	return nil
}

// upFromPool is up with --pool.
func upFromPool(c *cli.Context) error {
	options, pool, err := takeOptions(c, "dry-run", "explain", "from")
	if err != nil {
		return err
	}
	options.Kubeconfig, options.KeepContext = c.String("kubeconfig"), c.Bool("no-switch-context")
	reports, err := openReports(c, "up")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	result, err := clientFor(c, reports.follow(sink)).Take(c.Context, options)
	took := time.Since(started)
	finish()
	if err == nil {
		fillAgain(c, sink)
	}
	if err := reports.finish(result.Report, err); err != nil {
		return err
	}
	pool.Topology.Name = result.Name
	printSummary(c.App.Writer, pool.Topology, result.Version, report.Summary(result.Report), took, reports.longest(), options.KeepContext)
	return nil
}

// fillAgain fills the pool in the background, unless the user does not want it, "pool serve"
// does, or the pool is that of another version.
func fillAgain(c *cli.Context, sink event.Sink) {
	if c.Bool("no-fill") {
		return
	}
	status, err := clientOf(c).PoolStatus(c.Context)
	if hint.ReasonOf(err) == hint.PoolMissing.Name || err == nil && (status.Served || status.Kept != "") {
		return
	}
	if err == nil {
		err = startFill()
	}
	if err != nil {
		event.Warn(sink, event.Phase, "pool", "the pool is not filled again: "+err.Error(), "fill it: kindctl pool fill")
	}
}
