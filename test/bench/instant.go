package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/instant"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// instantName is the first argument with which this program measures the pool, reset, restore
// and start.
const instantName = "instant"

// instantOptions are what the command line asks for.
type instantOptions struct {
	options

	modes         []string
	nodes         int
	takes, rounds int
	frozen        time.Duration
}

// parseInstant reads the flags and refuses what cannot be measured, before Docker is asked. For
// -help it returns nil.
func parseInstant(args []string, stderr io.Writer) (*instantOptions, error) {
	o := &instantOptions{
		options: options{lab: lab.Options{Mode: images.Auto, Arms: []string{instantName}}, runs: 1},
		modes:   []string{"iptables", "nftables"},
	}
	set := flag.NewFlagSet("bench "+instantName, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.kindctl, "kindctl", "bin/kindctl", "`PROGRAM` to measure")
	set.Func("cni", "measure with this `CNI`, several with commas: "+strings.Join(addons.Names(), ", ")+" (default all of them)", func(text string) error {
		o.lab.CNIs = strings.Split(text, ",")
		return nil
	})
	set.Func("proxy-mode", "measure takes with this `MODE` of kube-proxy, several with commas (default iptables,nftables)", func(text string) error {
		o.modes = strings.Split(text, ",")
		return nil
	})
	set.IntVar(&o.nodes, "nodes", 3, "`NUMBER` of nodes; one is a control plane, the others are workers")
	set.IntVar(&o.takes, "takes", 20, "`NUMBER` of clusters to take from the pool, of each CNI and mode")
	set.IntVar(&o.rounds, "rounds", 3, "`NUMBER` of runs of up, reset, start and up --from, of each CNI; 0 leaves them out")
	set.DurationVar(&o.frozen, "frozen", time.Minute, "`DURATION` for which a frozen cluster is observed")
	set.BoolVar(&o.lab.Force, "force", false, "measure although other clusters run")
	set.StringVar(&o.document, "document", "", "also write the table into `FILE`, a Markdown page, in place of the one that is there")
	set.StringVar(&o.output, "o", outputs[0], "`FORMAT`: table, json")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, nil
	} else if err != nil {
		return nil, hint.BadFlag.Wrap(err, "the command line is wrong", "see: go run ./test/bench instant -help")
	}
	if set.NArg() > 0 {
		return nil, hint.UnexpectedArgument.New(fmt.Sprintf("bench instant takes no argument %q", set.Arg(0)), "see: go run ./test/bench instant -help")
	}
	if o.lab.CNIs == nil {
		o.lab.CNIs = addons.Names()
	}
	o.lab.Nodes = []int{o.nodes}
	return o, o.checkInstant()
}

func (o *instantOptions) checkInstant() error {
	for _, mode := range o.modes {
		if !slices.Contains(clusters.ProxyModes, mode) {
			return hint.BadFlag.New(fmt.Sprintf("there is no proxy mode %q%s", mode, hint.Nearest(mode, clusters.ProxyModes)),
				"use some of: "+strings.Join(clusters.ProxyModes, ", "))
		}
	}
	switch {
	case o.takes < 1:
		return hint.BadFlag.New("--takes must be at least 1", "20 show the longest as well: --takes 20")
	case o.rounds < 0:
		return hint.BadFlag.New("--rounds must not be negative", "0 leaves these commands out")
	case o.frozen < time.Second:
		return hint.BadFlag.New("--frozen must be at least 1s", "write it as 1m or 30s")
	case o.output == "go":
		return hint.BadFlag.New(`there is no output format "go" for bench instant`, "use one of: table, json")
	}
	return o.check()
}

// measureInstant runs the benchmark and writes what it has shown.
func measureInstant(ctx context.Context, args []string, stdout, stderr io.Writer, sink event.Sink) error {
	o, err := parseInstant(args, stderr)
	if err != nil || o == nil {
		return err
	}
	o.lab.Sink = sink
	l, err := lab.Open(ctx, o.lab)
	if err != nil {
		return err
	}
	defer l.Close()
	dir, remove, err := scratch.Dir("bench")
	if err != nil {
		return err
	}
	defer remove()
	result, err := instant.Measure(ctx, instant.Options{
		CNIs: o.lab.CNIs, ProxyModes: o.modes, Nodes: o.nodes, Takes: o.takes, Rounds: o.rounds,
		Images: l.Images, Frozen: o.frozen, Lab: l, Program: o.kindctl, Dir: dir, Sink: sink,
	})
	if len(result.Cases[0].Takes) == 0 {
		return err
	}
	return errors.Join(err, o.writeInstant(stdout, result, err == nil || hint.ReasonOf(err) == instant.TakesFailed))
}

// writeInstant prints the result and, if it is whole, writes the document.
func (o *instantOptions) writeInstant(stdout io.Writer, result *instant.Result, whole bool) error {
	where := machine(&compare.Result{Started: result.Started, Machine: result.Machine})
	if o.output == "json" {
		if err := report.JSON(stdout, result); err != nil {
			return err
		}
	} else {
		instant.WriteTable(stdout, result, where)
	}
	if o.document == "" || !whole {
		return nil
	}
	page, err := readPage(o.document)
	if err != nil {
		return err
	}
	page = replaceSection(page, instantName, instant.Section(result, cell(where)))
	return os.WriteFile(o.document, []byte(page), 0o644)
}
