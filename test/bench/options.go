package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// options are what the command line asks for.
type options struct {
	lab lab.Options
	// kindctl is the path of the program that is measured.
	kindctl          string
	runs             int
	production       bool
	document, output string
}

// outputs are the forms of a result.
var outputs = []string{"table", "json", "go"}

// parse reads the flags and refuses what cannot be measured, before Docker is asked.
// For -help it returns nil.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{lab: lab.Options{Nodes: []int{3}, Mode: images.Auto}, output: outputs[0]}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.kindctl, "kindctl", "bin/kindctl", "`PROGRAM` to measure")
	known := strings.Join(addons.Names(), ", ")
	set.Func("cni", "measure with this `CNI`, several with commas or again: "+known+" (default all of them)", func(text string) error {
		o.lab.CNIs = append(o.lab.CNIs, strings.Split(text, ",")...)
		return nil
	})
	var nodes []int
	const nodesUsage = "`NUMBER` of nodes, several with commas or again; one is a control plane, the others are workers (default 3)"
	set.Func("nodes", nodesUsage, func(text string) error {
		for number := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(number)
			if err != nil {
				return err
			}
			nodes = append(nodes, n)
		}
		return nil
	})
	set.IntVar(&o.runs, "runs", 5, "`NUMBER` of rounds that count, of each CNI and number of nodes")
	set.BoolVar(&o.production, "production", false, "also measure up --fidelity production, as a third arm")
	set.StringVar(&o.lab.Image, "image", "", "node `IMAGE` to use, which holds the images of the CNI")
	set.StringVar((*string)(&o.lab.Mode), "images", string(images.Auto), "`SOURCE` of images: auto, local, registry, build")
	set.BoolVar(&o.lab.Force, "force", false, "measure although other clusters run")
	set.StringVar(&o.document, "document", "", "also write the tables into `FILE`, a Markdown page, in place of those that are there")
	for _, name := range []string{"o", "output"} {
		set.StringVar(&o.output, name, outputs[0], "`FORMAT`: "+strings.Join(outputs, ", "))
	}
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, nil
	} else if err != nil {
		return nil, hint.BadFlag.Wrap(err, "the command line is wrong", "see: go run ./test/bench -help")
	}
	if set.NArg() > 0 {
		return nil, hint.UnexpectedArgument.New(fmt.Sprintf("bench takes no argument %q", set.Arg(0)),
			"see: go run ./test/bench -help")
	}
	if o.lab.CNIs == nil {
		o.lab.CNIs = addons.Names()
	}
	if nodes != nil {
		o.lab.Nodes = nodes
	}
	return o, o.check()
}

// check refuses what cannot be measured, and puts the rest in order.
func (o *options) check() (err error) {
	for _, cni := range o.lab.CNIs {
		if !slices.Contains(addons.Names(), cni) {
			return hint.CNIUnknown.New(fmt.Sprintf("there is no CNI %q to measure%s", cni, hint.Nearest(cni, addons.Names())),
				"use one of: "+strings.Join(addons.Names(), ", "))
		}
	}
	for _, nodes := range o.lab.Nodes {
		if nodes < 1 {
			return hint.BadFlag.New(fmt.Sprintf("a cluster of %d nodes cannot be made", nodes),
				"write it as --nodes 3, or --nodes 1,3,5,8")
		}
	}
	if o.runs < 1 {
		return hint.BadFlag.New("--runs must be at least 1", "5 show how far the runs differ: --runs 5")
	}
	if err := o.lab.Mode.Check(); err != nil {
		return err
	}
	if !slices.Contains(outputs, o.output) {
		return hint.BadFlag.New(fmt.Sprintf("there is no output format %q", o.output), "use one of: "+strings.Join(outputs, ", "))
	}
	slices.Sort(o.lab.CNIs)
	slices.Sort(o.lab.Nodes)
	o.lab.CNIs, o.lab.Nodes = slices.Compact(o.lab.CNIs), slices.Compact(o.lab.Nodes)
	if o.document != "" {
		if _, err := readPage(o.document); err != nil {
			return err
		}
	}
	version, err := exec.Command(o.kindctl, "version").Output()
	if err != nil {
		return hint.BadFlag.Wrap(err, fmt.Sprintf("the program %s does not run", o.kindctl),
			"build it: make build; or name another one: --kindctl PROGRAM")
	}
	if words := strings.Fields(string(version)); len(words) > 1 { // kindctl VERSION GO PLATFORM
		o.lab.Version = words[1]
	}
	return nil
}
