package cli

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func upCommand() *cli.Command {
	return &cli.Command{
		Name:  "up",
		Usage: "Create a cluster, install its CNI, and verify every component",
		UsageText: `kindctl up [--cni ` + strings.Join(clusters.CNIs(), "|") + `] [-n NAME] [flags]

Examples:
  kindctl up                                  one control plane, two workers, Cilium
  kindctl up --cni calico -n lab              Calico, beside other clusters
  kindctl up --profile ha                     three control planes behind a load balancer
  kindctl up --etcd external                  etcd in three containers of its own
  kindctl up --kubernetes-version 1.36        an older Kubernetes
  kindctl up --ip-family dual                 IPv4 and IPv6
  kindctl up --proxy-mode none                Cilium in kube-proxy's place
  kindctl up --config lab.yaml                from a kindctl or kind configuration file
  kindctl up --from seeded -n lab             what a snapshot of a cluster lab holds
  kindctl up --from ./seeded.tar              the same from a file
  kindctl up --from registry.example/lab:seeded   and from a registry
  kindctl up --pool                           take a ready cluster from the pool
  kindctl up --cni calico --explain           what differs from production, and what it saves`,
		Description: "On a healthy cluster with the same configuration, it changes nothing. When it fails or is interrupted, nothing is left behind.",
		Flags: append(clusterFlags(), nameFlag(), kubeconfigFlag(), noSwitchFlag(),
			&cli.BoolFlag{Name: "retain", EnvVars: []string{"KINDCTL_RETAIN"}, Usage: "keep the nodes after a failure, for debugging", DisableDefaultText: true},
			&cli.BoolFlag{Name: "snapshot", EnvVars: []string{"KINDCTL_SNAPSHOT"}, Usage: "save the new cluster, for kindctl reset", DisableDefaultText: true},
			fromFlag(), poolFlag(), noFillFlag(),
			dryRunFlag(), explainFlag(), planFormatFlag("--dry-run or --explain")),
		Action: up,
	}
}

// clusterFlags say which cluster to make, all but its name.
func clusterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "cni", EnvVars: []string{"KINDCTL_CNI"}, Usage: "`CNI`: " + strings.Join(clusters.CNIs(), ", ") + " (default: cilium)"},
		&cli.StringFlag{Name: "profile", EnvVars: []string{"KINDCTL_PROFILE"}, Usage: "`PROFILE`: " + strings.Join(clusters.Profiles(), ", ") + " (default: " + clusters.DefaultProfile + ")"},
		&cli.StringFlag{Name: "config", EnvVars: []string{"KINDCTL_CONFIG"}, TakesFile: true, Usage: "configuration `FILE`, kindctl's or kind's, or - for standard input"},
		&cli.IntFlag{Name: "control-planes", EnvVars: []string{"KINDCTL_CONTROL_PLANES"}, Usage: "`NUMBER` of control planes", DefaultText: "the profile's"},
		&cli.IntFlag{Name: "workers", EnvVars: []string{"KINDCTL_WORKERS"}, Usage: "`NUMBER` of workers", DefaultText: "the profile's"},
		&cli.StringFlag{Name: "etcd", EnvVars: []string{"KINDCTL_ETCD"}, Usage: "`PLACE` of etcd: " + strings.Join(clusters.EtcdPlaces, ", ") + " (default: " + clusters.StackedEtcd + ")"},
		&cli.IntFlag{Name: "etcd-members", EnvVars: []string{"KINDCTL_ETCD_MEMBERS"}, Usage: "`NUMBER` of members of an external etcd", DefaultText: strconv.Itoa(clusters.DefaultEtcdMembers)},
		&cli.BoolFlag{Name: "allow-even-etcd", EnvVars: []string{"KINDCTL_ALLOW_EVEN_ETCD"}, Usage: "allow an even number of --etcd-members", DisableDefaultText: true},
		&cli.StringFlag{Name: "proxy-mode", EnvVars: []string{"KINDCTL_PROXY_MODE"}, Usage: "kube-proxy's `MODE`: " + strings.Join(clusters.ProxyModes, ", ") + " (default: iptables)"},
		&cli.StringFlag{Name: "ip-family", EnvVars: []string{"KINDCTL_IP_FAMILY"}, Usage: "`FAMILY` of addresses: " + strings.Join(clusters.IPFamilies, ", ") + " (default: " + clusters.IPv4 + ")"},
		&cli.StringFlag{Name: "network", EnvVars: []string{"KINDCTL_NETWORK", "KIND_EXPERIMENTAL_DOCKER_NETWORK"}, Usage: "Docker `NETWORK` for the nodes, created if missing; clusters on different networks cannot reach each other (default: kind)"},
		&cli.StringFlag{Name: "kubernetes-version", EnvVars: []string{"KINDCTL_KUBERNETES_VERSION"}, Usage: "`VERSION` of Kubernetes, such as 1.36 or 1.36.3; " + releases.Advice() + ", others come from a registry (default: the newest)"},
		&cli.StringFlag{Name: "image", EnvVars: []string{"KINDCTL_IMAGE"}, Usage: "node `IMAGE` to use"},
		&cli.StringFlag{Name: "images", EnvVars: []string{"KINDCTL_IMAGES"}, Value: string(images.Auto), Usage: "`SOURCE` of images: auto, local, registry, build"},
		&cli.StringFlag{Name: "image-registry", EnvVars: []string{"KINDCTL_IMAGE_REGISTRY"}, Usage: "pull through this mirror: `HOST/PREFIX`"},
		&cli.StringFlag{Name: "fidelity", EnvVars: []string{"KINDCTL_FIDELITY"}, Usage: "how close to production: `MODE` " + strings.Join(fidelity.Modes, " or ") + "; kindctl up --explain shows what differs (default: " + fidelity.Fast + ")"},
		&cli.DurationFlag{Name: "ttl", EnvVars: []string{"KINDCTL_TTL"}, Usage: "lifetime of the cluster: `DURATION` from now, after which kindctl gc removes it", DefaultText: "none"},
		waitTimeoutFlag(), ignorePreflightFlag(), reportFlag(), traceFlag(),
	}
}

// ignoreFlag has kubeadm's name for the same.
const ignoreFlag = "ignore-preflight-errors"

func ignorePreflightFlag() *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: ignoreFlag, EnvVars: []string{"KINDCTL_IGNORE_PREFLIGHT_ERRORS"}, Usage: "report these findings of kindctl doctor as warnings: `ID`, comma-separated or repeated, or " + host.IgnoreAll}
}

func up(c *cli.Context) error {
	if c.Bool("pool") {
		return upFromPool(c)
	}
	if err := fillNeedsPool(c); err != nil {
		return err
	}
	if err := onlyAnswer(c, []string{"dry-run", "explain"}, "report", "trace", "retain", "snapshot", "from"); err != nil {
		return err
	}
	read := upOptions
	if c.IsSet("from") {
		read = restoreOptions
	}
	options, warnings, err := read(c)
	if err != nil {
		return err
	}
	options.Kubeconfig, options.Retain, options.KeepContext = c.String("kubeconfig"), c.Bool("retain"), c.Bool("no-switch-context")
	switch {
	case c.Bool("explain"):
		warn(lineSink(c), warnings)
		return explain(c, options.Topology)
	case c.Bool("dry-run"):
		return previewUp(c, options)
	}
	reports, err := openReports(c, "up")
	if err != nil {
		return err
	}
	reports.trace.of(options.Topology)
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	client := clientFor(c, reports.follow(sink))
	result, err := client.Up(c.Context, options)
	if err == nil && !result.Existed && c.Bool("snapshot") {
		if old, missing := client.Snapshot(result.Name, kindctl.AfterUp); missing == nil {
			warn(sink, []string{fmt.Sprintf("snapshot %s of an earlier cluster %s, of %s, is replaced", old.Name, old.Cluster, old.Created.Local().Format(time.DateTime))})
		}
		_, err = client.SaveSnapshot(c.Context, kindctl.SaveSnapshotOptions{Cluster: result.Name, Name: kindctl.AfterUp, Replace: true})
	}
	took := time.Since(started)
	reports.trace.add(result.Facts)
	finish()
	if err := reports.finish(result.Report, err); err != nil {
		return err
	}
	if result.Existed {
		fmt.Fprintf(c.App.Writer, "Cluster %s exists and is healthy (%s); nothing was changed in it.\nIts context is %s.\n", result.Name, report.Summary(result.Report),
			contextState(result.Name, options.KeepContext))
		if c.Bool("snapshot") {
			fmt.Fprintf(c.App.Writer, "No snapshot was taken, because the cluster is not new; take one: kindctl snapshot save NAME -n %s\n", result.Name)
		}
		return nil
	}
	printSummary(c.App.Writer, result.Topology, result.Version, report.Summary(result.Report), took, reports.longest(), options.KeepContext)
	return nil
}

// printSummary says what was made and what to do next.
func printSummary(out io.Writer, t clusters.Topology, version, verdict string, took time.Duration, longest string, kept bool) {
	state, next := "is up and verified", "kindctl verify -n "+t.Name
	if t.CNI == "none" {
		state, next = "is up, as far as it can be without a CNI,", "kindctl verify -n "+t.Name+"   (once a CNI is installed)"
	}
	proxy := "kube-proxy in mode " + t.ProxyMode
	if t.ProxyMode == "none" {
		proxy = "no kube-proxy"
	}
	fmt.Fprintf(out, `Cluster %s %s after %s: %s.

  Kubernetes  %s
  nodes       %s, %s
  network     CNI %s, %s
  context     %s
%s
Next:
  kubectl --context %s get nodes
  %s
  kindctl down -n %s

Longest: %s
`, t.Name, state, console.Round(took), verdict, version, quantity.Count(t.ControlPlanes, "control plane"), quantity.Count(t.Workers, "worker"),
		t.CNI, proxy, contextState(t.Name, kept), portSummary(t), kindctl.Context(t.Name), next, t.Name, longest)
}

// contextState is a cluster's context, and which one is current.
func contextState(name string, kept bool) string {
	if kept {
		return kindctl.Context(name) + " (the current one stays)"
	}
	return kindctl.Context(name) + " (now the current one)"
}

// portSummary says where this machine reaches the ports of nodes, a line each.
func portSummary(t clusters.Topology) string {
	var lines strings.Builder
	for _, node := range t.Each() {
		for _, port := range node.Ports {
			there := fmt.Sprintf("%d/%s of %s", port.ContainerPort, strings.ToLower(port.Proto()), node.Name)
			if port.HostPort > 0 {
				fmt.Fprintf(&lines, "  port        %s is %s\n", net.JoinHostPort(port.Address(), strconv.Itoa(port.HostPort)), there)
			} else {
				fmt.Fprintf(&lines, "  port        a free one is %s: docker port %s\n", there, node.Name)
			}
		}
	}
	return lines.String()
}
