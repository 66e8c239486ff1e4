package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// runner holds what the parts of "run" share.
type runner struct {
	c       *cli.Context
	options kindctl.UpOptions
	// take says how the cluster comes from the pool; nil creates it.
	take    *kindctl.TakeOptions
	reports *reports
	kept    diagnostics
	program string
}

// up creates or restores the cluster, finds it with --reuse, or takes it from the pool.
func (r *runner) up(ctx context.Context) (created bool, err error) {
	display, finish := progressSink(r.c)
	defer finish()
	sink := r.reports.follow(display)
	r.options.Examine = func(ctx context.Context, cluster string, verdict verify.Report, failure error) {
		r.rename(cluster)
		if hint.CodeOf(failure) == hint.Usage { // nothing is wrong with the cluster
			return
		}
		redirect(failure, r.kept.write(ctx, sink, failure, func(context.Context) verify.Report { return verdict }))
	}
	var result kindctl.UpResult
	if r.take == nil {
		if result, err = clientFor(r.c, sink).Up(ctx, r.options); err == nil {
			r.rename(result.Name)
		}
	} else if result, err = r.takeFromPool(ctx, sink); err == nil {
		fillAgain(r.c, sink)
	}
	finish()
	r.reports.trace.add(result.Facts)
	return err == nil && r.options.Ephemeral, r.reports.finish(result.Report, err)
}

// takeFromPool takes the cluster, whose name is known only then.
func (r *runner) takeFromPool(ctx context.Context, sink event.Sink) (kindctl.UpResult, error) {
	r.take.Kubeconfig, r.take.Examine = r.options.Kubeconfig, r.options.Examine
	result, err := clientFor(r.c, sink).Take(ctx, *r.take)
	if err == nil {
		r.rename(result.Name)
	}
	return result, err
}

// rename has the run go on with the cluster of a name, which a snapshot or the pool may decide.
func (r *runner) rename(cluster string) {
	r.options.Topology.Name, r.kept.name = cluster, cluster
	if !r.c.IsSet("artifacts") {
		r.kept.dir = diagnosticsDir(cluster)
	}
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
	event.Inform(lineSink(r.c), event.Phase, "run", fmt.Sprintf("running with cluster %s: %s", r.options.Topology.Name, strings.Join(words, " ")))
	command := exec.Command(r.program, words[1:]...)
	command.Args[0] = words[0]
	command.Env = clusterEnvironment(os.Environ(), r.options.Topology.Name, r.options.Kubeconfig)
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
	return r.kept.verified(ctx, lineSink(r.c), failure)
}

func (r *runner) remove(ctx context.Context) error {
	name := r.options.Topology.Name
	if _, err := clientFor(r.c, lineSink(r.c)).Down(ctx, kindctl.DownOptions{Name: name, Kubeconfig: r.options.Kubeconfig}); err != nil {
		return hint.RemoveFailed.Wrap(err, "something of cluster "+name+" may be left", "remove it: kindctl down -n "+name)
	}
	return nil
}
