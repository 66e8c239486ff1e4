package cli

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

func runCommand() *cli.Command {
	name := nameFlag()
	name.DefaultText = "a new one"
	return &cli.Command{
		Name:  "run",
		Usage: "Run a command with its own cluster, which is always removed",
		UsageText: `kindctl run [flags of up] [--from SNAPSHOT|FILE|REFERENCE] [--reuse NAME] [--artifacts DIR] -- COMMAND [ARGUMENT...]

Examples:
  kindctl run -- go test ./e2e/...                             a cluster for one test run
  kindctl run --cni calico --profile single -- ./smoke.sh      a small one
  kindctl run --reuse dev -- go test ./e2e/...                 kept for the next run
  kindctl run --from ./seeded.tar -- ./smoke.sh                what a snapshot holds
  kindctl run --pool -- ./smoke.sh                             take a ready cluster from the pool
  kindctl run --report junit=cluster.xml -- make e2e           and a report on the cluster`,
		Description: "COMMAND finds the cluster through KUBECONFIG, a private file; your own kubeconfig is not changed. The exit code is that of COMMAND, or 128 plus the number of the signal that ended it. " +
			"SIGINT, SIGTERM and SIGHUP are passed on to COMMAND; the third one kills it. " +
			"When COMMAND fails, or the cluster cannot be created, DIR gets a verification report, events, pods, logs and the journals of the nodes, even without an API server; they include the output of your pods.",
		ArgsUsage:       "-- COMMAND [ARGUMENT...]",
		HideHelpCommand: true, // "help" may be a command of the user's
		Flags: append(clusterFlags(), name,
			fromFlag(), poolFlag(), noFillFlag(),
			&cli.StringFlag{Name: "reuse", Usage: "use the cluster `NAME`, created if missing, and keep it for the next run"},
			&cli.StringFlag{Name: "artifacts", TakesFile: true,
				Usage: "`DIR` for diagnostics of a failure (default: kindctl-diagnostics-NAME)"}),
		Action: run,
	}
}

func run(c *cli.Context) error {
	options, take, program, err := runOptions(c)
	if err != nil {
		return err
	}
	name := options.Topology.Name
	kept := diagnostics{dir: diagnosticsDir(name), name: name, client: clientOf(c)}
	if dir := c.String("artifacts"); dir != "" {
		kept.dir = dir
		if err := kept.prepare(); err != nil {
			return err
		}
		defer kept.tidy()
	}
	reports, err := openReports(c, "run")
	if err != nil {
		return err
	}
	reports.trace.of(options.Topology)
	private, remove, err := scratch.Dir("run")
	if err != nil {
		return errors.Join(err, reports.finish(verify.Report{}, err))
	}
	defer remove()
	options.Kubeconfig = filepath.Join(private, "kubeconfig")
	r := &runner{c: c, options: options, reports: reports, kept: kept, program: program, take: take}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, Signals()...)
	defer signal.Stop(signals)
	return ephemeralRun{
		forwarder: &signalForwarder{signals: signals, echoed: typed},
		up:        r.up,
		command:   r.command,
		examine:   r.examine,
		remove:    r.remove,
	}.run(c.Context)
}

// runOptions reads the flags: the cluster with its name, the same from the pool, if it is to
// come from there, and the program.
func runOptions(c *cli.Context) (o kindctl.UpOptions, take *kindctl.TakeOptions, program string, err error) {
	if !c.Args().Present() {
		return o, nil, "", hint.NoCommand.New("there is no command to run", "name it after two dashes: kindctl run -- go test ./...")
	}
	if program, err = exec.LookPath(c.Args().First()); err != nil {
		return o, nil, "", hint.CommandMissing.Wrap(err, "the command cannot be run", "check its name, its permissions and PATH")
	}
	if c.Bool("pool") {
		fromPool, pool, err := takeOptions(c, "reuse", "from")
		o.Topology, o.Ephemeral, fromPool.Ephemeral = pool.Topology, true, true
		o.Topology.Name = "pool" // until it is known
		return o, &fromPool, program, err
	}
	if err := fillNeedsPool(c); err != nil {
		return o, nil, "", err
	}
	reuse := c.IsSet("reuse")
	if c.IsSet("from") {
		if reuse {
			return o, nil, "", hint.BadFlag.New("--from and --reuse exclude each other",
				"a cluster that is kept is brought back with: kindctl reset")
		}
		o, _, err = restoreOptions(c)
		o.Ephemeral = true
		return o, nil, program, err
	}
	if reuse {
		if given(c, "name") {
			return o, nil, "", hint.BadFlag.New("--reuse and --name exclude each other",
				"--reuse keeps the cluster that it names; --name removes it at the end")
		}
		if c.String("reuse") == "" {
			return o, nil, "", hint.BadFlag.New("--reuse names no cluster", "write it as --reuse dev")
		}
		if err := c.Set("name", c.String("reuse")); err != nil {
			return o, nil, "", err
		}
	}
	o, _, err = upOptions(c)
	o.Ephemeral, o.Wait = !reuse, reuse // most likely another run of the same kind is creating it
	if err == nil && !c.IsSet("name") { // whatever a file calls it: two runs of one file do not meet
		o.Topology.Name = "run-" + strings.ToLower(rand.Text()[:8])
	}
	return o, nil, program, err
}
