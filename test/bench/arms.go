package main

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// stockName is the first argument with which this program makes one cluster in the
// stock way, as a process of its own.
const stockName = "stock"

// arms are the ways that are compared. What the stock way must know of the host is
// found out beforehand: that is no part of it, and must not take its time.
func (o *options) arms(facts host.Facts) []compare.Arm {
	var lacking []string
	if facts.CgroupV1 {
		lacking = append(lacking, "--cgroup-v1")
	}
	if facts.Lacks("CAP_SYS_RESOURCE") {
		lacking = append(lacking, "--lacks-sys-resource")
	}
	var up []string // what the user wants of up as well
	if o.lab.Image != "" {
		up = append(up, "--image", o.lab.Image)
	}
	arms := []compare.Arm{
		{Name: "stock", Words: stockWords(lacking), Settings: stockSettings(facts)},
		{Name: "kindctl", Program: o.kindctl, Words: upWords(up), Settings: upSettings(up)},
	}
	if o.production {
		up = append(slices.Clone(up), "--fidelity", fidelity.Production)
		arms = append(arms, compare.Arm{Name: "kindctl-production", Program: o.kindctl, Words: upWords(up), Settings: upSettings(up)})
	}
	return arms
}

func stockWords(more []string) func(compare.Order) []string {
	return func(o compare.Order) []string {
		return append([]string{stockName, "--name", o.Cluster, "--cni", o.CNI, "--nodes", strconv.Itoa(o.Nodes),
			"--image", o.Image, "--kubeconfig", o.Kubeconfig}, more...)
	}
}

func stockSettings(facts host.Facts) func(cni string) []string {
	return func(cni string) []string {
		settings := []string{"the library of kind " + dependency("sigs.k8s.io/kind") +
			" with its default settings, but no CNI of its own and the node image named above"}
		if facts.CgroupV1 {
			settings = append(settings, "kubelets with failCgroupV1: false, without which they do not start on this host")
		}
		if stock, err := lab.NewCNI(cni, lab.StockOptions{LacksSysResource: facts.Lacks("CAP_SYS_RESOURCE")}); err == nil {
			settings = append(settings, stock.Settings()...)
		}
		return append(settings,
			"done when every DaemonSet and Deployment of kube-system is rolled out and every node is ready, watched without pauses")
	}
}

func upWords(more []string) func(compare.Order) []string {
	return func(o compare.Order) []string {
		return append([]string{"up", "--progress", "plain", "--name", o.Cluster, "--cni", o.CNI,
			"--control-planes", "1", "--workers", strconv.Itoa(o.Nodes - 1),
			"--images", string(images.Local), "--kubeconfig", o.Kubeconfig}, more...)
	}
}

// upSettings include the shortcuts.
func upSettings(more []string) func(cni string) []string {
	return func(cni string) []string {
		settings := []string{
			strings.Join(slices.Concat([]string{"kindctl up --cni", cni, "--control-planes 1 --workers N --images local"}, more), " ") +
				", and all else by default",
			"done when it has verified every component, which takes a part of its time",
		}
		topology := clusters.Topology{CNI: cni}
		if slices.Contains(more, fidelity.Production) {
			topology.Fidelity = fidelity.Production
		}
		shortcuts, _ := kindctl.Shortcuts(topology)
		for _, shortcut := range shortcuts {
			settings = append(settings, fmt.Sprintf("%s: %s (in production: %s)", shortcut.Setting, shortcut.Here, shortcut.There))
		}
		return settings
	}
}

// dependency is the version of a module that this program is built with.
func dependency(path string) string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return ""
}

// makeStock makes one cluster in the stock way.
func makeStock(ctx context.Context, args []string, sink event.Sink) error {
	var order compare.Order
	options := lab.StockOptions{Sink: sink}
	set := flag.NewFlagSet(stockName, flag.ContinueOnError)
	set.StringVar(&order.Cluster, "name", "", "")
	set.StringVar(&order.CNI, "cni", "", "")
	set.IntVar(&order.Nodes, "nodes", 1, "")
	set.StringVar(&order.Image, "image", "", "")
	set.StringVar(&order.Kubeconfig, "kubeconfig", "", "")
	set.BoolVar(&options.CgroupV1, "cgroup-v1", false, "")
	set.BoolVar(&options.LacksSysResource, "lacks-sys-resource", false, "")
	if err := set.Parse(args); err != nil {
		return err
	}
	return lab.Stock(ctx, order, options)
}
