package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/gc"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/runs"
	"github.com/kindctl/kindctl/pkg/verify"
)

// runner holds what the parts of an errand share.
type runner struct {
	c          *cli.Context
	order      order
	reports    *reports
	kept       diagnostics
	kubeconfig string
	program    string
	// record says, for as long as this process lives, that the cluster goes with
	// it; nil when it is kept. left says that it could not be removed.
	record *runs.Record
	left   bool
}

// endRecord ends the record of the run.
func (r *runner) endRecord() error {
	if r.record == nil {
		return nil
	}
	return r.record.End(!r.left)
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
	verdict.Cluster = provider.Context(r.kept.name)
	return made, r.reports.finish(verdict, err)
}

func (r *runner) bringUp(ctx context.Context, reuse bool) (*bootstrap.Up, error) {
	name := r.order.topology.Name
	docker, err := openDocker(r.c)
	if err != nil {
		return nil, err
	}
	taken := hint.ClusterExists.New(fmt.Sprintf("there is a cluster %s already, and it would be removed at the end", name),
		"leave the name out, or keep the cluster: kindctl run --reuse "+name)
	if nodes, err := docker.Cluster(name).Nodes(ctx); err != nil {
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
	r.reports.trace.observe(&config)
	if !reuse {
		if r.record, err = runs.Open("run", name); err != nil {
			return nil, err
		}
		config.RunRecord = r.record
	}
	var cluster *bootstrap.Up
	up := func() error { cluster = bootstrap.NewUp(config); return cluster.Run(ctx) }
	if reuse { // most likely another run of the same kind is making it
		err = runs.RetryWhenBusy(ctx, name, func() {
			sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "run", Message: "waiting for another kindctl that is at work on cluster " + name})
		}, up)
	} else {
		err = up()
	}
	r.reports.trace.ask(ctx)
	if err != nil {
		r.left = cluster.Left
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
	client, err := kube.FromKubeconfig(r.kubeconfig, provider.Context(kept.name))
	if err != nil {
		kept.sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "diagnose", Message: "only the nodes can be asked: " + err.Error()})
		client = nil
	}
	return kept.verified(ctx, client, failure)
}

func (r *runner) remove(ctx context.Context) error {
	name := r.order.topology.Name
	if err := gc.Down(ctx, connection(r.c), name, r.kubeconfig, lineSink(r.c)); err != nil {
		r.left = true
		return hint.RemoveFailed.Wrap(err, "something of cluster "+name+" may be left", "remove it: kindctl down -n "+name)
	}
	return nil
}
