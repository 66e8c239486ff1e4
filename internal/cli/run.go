package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

func runCommand() *cli.Command {
	name := nameFlag()
	name.DefaultText = "a new one"
	return &cli.Command{
		Name:  "run",
		Usage: "Run a command with a cluster of its own, which is removed whatever happens",
		UsageText: `kindctl run [flags of up] [--reuse NAME] [--artifacts DIR] -- COMMAND [ARGUMENT...]

Examples:
  kindctl run -- go test ./e2e/...                             a cluster for one test run
  kindctl run --cni calico --profile single -- ./smoke.sh      a small one
  kindctl run --reuse dev -- go test ./e2e/...                 kept for the next run
  kindctl run --report junit=cluster.xml -- make e2e           and a report on the cluster`,
		Description: "COMMAND finds the cluster through KUBECONFIG, a private file; your own kubeconfig stays as it is. The exit code is COMMAND's own, or 128 and the signal that ended it. " +
			"COMMAND hears SIGINT, SIGTERM and SIGHUP, and is killed by the third. " +
			"When COMMAND fails, or the cluster cannot be made, DIR gets a verification, events, pods and logs; they hold what your pods wrote.",
		ArgsUsage:       "-- COMMAND [ARGUMENT...]",
		HideHelpCommand: true, // "help" may be a command of the user's
		Flags: append(clusterFlags(), name,
			&cli.StringFlag{Name: "reuse", Usage: "use the cluster `NAME`, made if it is missing, and keep it for the next run"},
			&cli.StringFlag{Name: "artifacts", TakesFile: true, Usage: "`DIR` for diagnostics of a failure (default: kindctl-diagnostics-NAME)"}),
		Action: run,
	}
}

func run(c *cli.Context) error {
	order, program, err := runOrder(c)
	if err != nil {
		return err
	}
	name := order.topology.Name
	kept := diagnostics{dir: "kindctl-diagnostics-" + name, cluster: provider.Context(name)}
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
	private, err := os.MkdirTemp("", "kindctl-run-") // mode 0700
	if err != nil {
		return errors.Join(err, reports.finish(verify.Report{}, err))
	}
	defer os.RemoveAll(private)
	r := &runner{c: c, order: order, reports: reports, kept: kept, kubeconfig: filepath.Join(private, "kubeconfig"), program: program}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	return errand{relay: &relay{signals: signals, echoed: typed}, up: r.up, command: r.command, examine: r.examine, remove: r.remove}.run(c.Context)
}

// runOrder reads the flags: the cluster with its name, and the program.
func runOrder(c *cli.Context) (o order, program string, err error) {
	if !c.Args().Present() {
		return o, "", hint.New(hint.Usage, "NO_COMMAND", "there is no command to run", "name it after two dashes: kindctl run -- go test ./...")
	}
	if program, err = exec.LookPath(c.Args().First()); err != nil {
		return o, "", hint.Wrap(err, hint.Usage, "COMMAND_MISSING", "the command cannot be run", "check its name, its permissions and PATH")
	}
	if c.IsSet("reuse") {
		if given(c, "name") {
			return o, "", hint.New(hint.Usage, "BAD_FLAG", "--reuse and --name exclude each other", "--reuse keeps the cluster that it names; --name removes it at the end")
		}
		if c.String("reuse") == "" {
			return o, "", hint.New(hint.Usage, "BAD_FLAG", "--reuse names no cluster", "write it as --reuse dev")
		}
		if err := c.Set("name", c.String("reuse")); err != nil {
			return o, "", err
		}
	}
	o, err = orderOf(c)
	if err == nil && !c.IsSet("name") { // whatever a file calls it: two runs of one file do not meet
		o.topology.Name = "run-" + strings.ToLower(rand.Text()[:8])
	}
	return o, program, err
}

// runner holds what the parts of an errand share.
type runner struct {
	c          *cli.Context
	order      order
	reports    *reports
	kept       diagnostics
	kubeconfig string
	program    string
}

// up makes the cluster, or with --reuse finds it.
func (r *runner) up(ctx context.Context) (made bool, err error) {
	reuse := r.c.String("reuse") != ""
	cluster, err := r.bringUp(ctx, reuse)
	made = err == nil && !reuse
	var verdict verify.Report
	if cluster != nil {
		verdict = cluster.Report
	}
	verdict.Cluster = r.kept.cluster
	return made, r.reports.finish(verdict, err)
}

func (r *runner) bringUp(ctx context.Context, reuse bool) (*bootstrap.Up, error) {
	name := r.order.topology.Name
	kind, err := engine(r.c)
	if err != nil {
		return nil, err
	}
	taken := hint.New(hint.Usage, "CLUSTER_EXISTS", fmt.Sprintf("there is a cluster %s already, and it would be removed at the end", name),
		"leave the name out, or keep the cluster: kindctl run --reuse "+name)
	if nodes, err := kind.Nodes(name); err != nil {
		return nil, err
	} else if len(nodes) > 0 && !reuse {
		return nil, taken
	}
	display, finish := progressSink(r.c)
	defer finish()
	sink := r.reports.follow(display)
	r.order.warn(sink)
	config := r.order.config(r.c, sink)
	config.Kubeconfig = r.kubeconfig
	config.Examine = func(ctx context.Context, client *kube.Client, verdict verify.Report, failure error) {
		if hint.CodeOf(failure) == hint.Usage { // nothing is wrong with the cluster
			return
		}
		kept := r.kept
		kept.sink = sink
		redirect(failure, kept.write(ctx, client, failure, func(context.Context) verify.Report { return verdict }))
	}
	cluster := bootstrap.NewUp(config)
	if err := cluster.Run(ctx); err != nil {
		return cluster, err
	}
	if cluster.Existed && !reuse {
		return cluster, taken
	}
	return cluster, nil
}

// redirect adds to a failure's advice where its diagnostics are. The advice to
// keep the nodes goes: that is for up.
func redirect(failure error, advice string) {
	e := (*hint.Error)(nil)
	if advice == "" || !errors.As(failure, &e) {
		return
	}
	if e.Advice != "" && !strings.Contains(e.Advice, "--retain") {
		advice = e.Advice + "\n" + advice
	}
	e.Advice = advice
}

// command is the user's program, with the cluster in its environment.
func (r *runner) command() *exec.Cmd {
	words := r.c.Args().Slice()
	lineSink(r.c).Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "run",
		Message: fmt.Sprintf("running with cluster %s: %s", r.order.topology.Name, strings.Join(words, " "))})
	command := exec.Command(r.program, words[1:]...)
	command.Args[0] = words[0]
	command.Env = clusterEnvironment(os.Environ(), r.order.topology.Name, r.kubeconfig)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, r.c.App.Writer, r.c.App.ErrWriter
	return command
}

// clusterEnvironment makes a cluster the one that kubectl and kindctl mean.
func clusterEnvironment(environment []string, name, kubeconfig string) []string {
	others := []string{"KUBECONFIG", "KINDCTL_KUBECONFIG", "KINDCTL_CONTEXT", "KINDCTL_NAME", "KIND_CLUSTER_NAME"}
	environment = slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		key, _, _ := strings.Cut(variable, "=")
		return slices.Contains(others, key)
	})
	return append(environment, "KUBECONFIG="+kubeconfig, "KINDCTL_NAME="+name)
}

// examine keeps diagnostics of a cluster in which the command failed.
func (r *runner) examine(ctx context.Context, failure error) string {
	kept := r.kept
	kept.sink = lineSink(r.c)
	client, err := kube.FromKubeconfig(r.kubeconfig, r.kept.cluster)
	if err != nil {
		kept.sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "diagnose", Message: "no diagnostics: " + err.Error()})
		return ""
	}
	return kept.verified(ctx, client, failure)
}

func (r *runner) remove(ctx context.Context) error {
	name, sink := r.order.topology.Name, lineSink(r.c)
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "down", Title: "Remove cluster " + name})
	if err := bootstrap.Remove(ctx, provider.New(sink), name, r.kubeconfig, false); err != nil {
		span.Failed(err.Error(), "")
		return hint.Wrap(err, hint.Creation, "REMOVE_FAILED", "something of cluster "+name+" may be left", "remove it: kindctl down -n "+name)
	}
	span.Done("")
	return nil
}
