package cli

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/bench"
	"github.com/kindctl/kindctl/pkg/bench/lab"
	"github.com/kindctl/kindctl/pkg/fidelity"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// stockName is the command that makes a cluster in the stock way, for bench alone.
const stockName = "__stock"

// benchArms are the ways that bench compares, as commands of this program. What
// the stock way must know of the host is found out beforehand: that is no part of
// it, and must not take its time.
func benchArms(c *cli.Context, facts host.Facts) []bench.Arm {
	var lacking []string
	if facts.CgroupV1 {
		lacking = append(lacking, "--cgroup-v1")
	}
	if facts.Lacks("CAP_SYS_RESOURCE") {
		lacking = append(lacking, "--lacks-sys-resource")
	}
	var up []string // what the user wants of up as well
	if image := c.String("image"); image != "" {
		up = append(up, "--image", image)
	}
	arms := []bench.Arm{
		{Name: "stock", Words: stockWords(lacking), Settings: stockSettings(facts)},
		{Name: "kindctl", Words: upWords(up), Settings: upSettings(up)},
	}
	if c.Bool("production") {
		up = append(slices.Clone(up), "--fidelity", fidelity.Production)
		arms = append(arms, bench.Arm{Name: "kindctl-production", Words: upWords(up), Settings: upSettings(up)})
	}
	return arms
}

func stockWords(more []string) func(bench.Order) []string {
	return func(o bench.Order) []string {
		return append([]string{stockName, "--progress", progressPlain, "--name", o.Cluster, "--cni", o.CNI,
			"--nodes", strconv.Itoa(o.Nodes), "--image", o.Image, "--kubeconfig", o.Kubeconfig}, more...)
	}
}

func stockSettings(facts host.Facts) func(cni string) []string {
	return func(cni string) []string {
		settings := []string{"the library of kind " + dependency("sigs.k8s.io/kind") + " with its default settings, but no CNI of its own and the node image named above"}
		if facts.CgroupV1 {
			settings = append(settings, "kubelets with failCgroupV1: false, without which they do not start on this host")
		}
		if stock, err := addons.NewStock(cni, addons.StockOptions{LacksSysResource: facts.Lacks("CAP_SYS_RESOURCE")}); err == nil {
			settings = append(settings, stock.Settings()...)
		}
		return append(settings, "done when every DaemonSet and Deployment of kube-system is rolled out and every node is ready, watched without pauses")
	}
}

func upWords(more []string) func(bench.Order) []string {
	return func(o bench.Order) []string {
		return append([]string{"up", "--progress", progressPlain, "--name", o.Cluster, "--cni", o.CNI, "--control-planes", "1", "--workers", strconv.Itoa(o.Nodes - 1),
			"--images", string(images.Local), "--kubeconfig", o.Kubeconfig}, more...)
	}
}

// upSettings tell of the shortcuts as well.
func upSettings(more []string) func(cni string) []string {
	return func(cni string) []string {
		settings := []string{
			strings.Join(slices.Concat([]string{"kindctl up --cni", cni, "--control-planes 1 --workers N --images local"}, more), " ") + ", and all else by default",
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

// stockCommand is what bench runs as a process of its own.
func stockCommand() *cli.Command {
	return &cli.Command{
		Name: stockName, Hidden: true, HideHelpCommand: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name"}, &cli.StringFlag{Name: "cni"}, &cli.IntFlag{Name: "nodes"}, &cli.StringFlag{Name: "image"}, &cli.StringFlag{Name: "kubeconfig"},
			&cli.BoolFlag{Name: "cgroup-v1"}, &cli.BoolFlag{Name: "lacks-sys-resource"},
		},
		Action: func(c *cli.Context) error {
			order := bench.Order{Cluster: c.String("name"), CNI: c.String("cni"), Nodes: c.Int("nodes"), Image: c.String("image"), Kubeconfig: c.String("kubeconfig")}
			return lab.Stock(c.Context, order, lab.StockOptions{CgroupV1: c.Bool("cgroup-v1"), LacksSysResource: c.Bool("lacks-sys-resource"), Sink: lineSink(c)})
		},
	}
}
