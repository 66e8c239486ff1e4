//go:build linux

package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// imagesCommand builds the images of clusters without a registry, and looks
// after what was built.
func imagesCommand() *cli.Command {
	cacheDir := &cli.StringFlag{
		Name: "cache-dir", EnvVars: []string{"KINDCTL_CACHE_DIR"}, TakesFile: true,
		Usage: "`DIR` for build results (default: kindctl in the user's cache directory)",
	}
	cni := &cli.StringSliceFlag{
		Name: "cni", Value: cli.NewStringSlice(kindctl.ImageCNIs()[0]),
		Usage: "CNI whose images are part of the node image: " + strings.Join(kindctl.ImageCNIs(), ", ") + " or all; may be repeated",
	}
	kubernetes := &cli.StringFlag{
		Name: "kubernetes-version", EnvVars: []string{"KINDCTL_KUBERNETES_VERSION"},
		Usage: "`VERSION` of Kubernetes: " + strings.Join(releases.Supported, ", ") + " (default: the first)",
	}
	balancer := &cli.BoolFlag{Name: "load-balancer", Usage: "also the load balancer's image, which several control planes need", DisableDefaultText: true}
	return &cli.Command{
		Name: "images", Usage: "Build node images from Go modules and Debian packages",
		Subcommands: []*cli.Command{
			{
				Name: "build", Usage: "Build images and load them into Docker; existing ones are kept",
				Flags: []cli.Flag{
					cni, kubernetes, balancer, cacheDir,
					&cli.IntFlag{Name: "parallel", Usage: "`NUMBER` of programs to compile at once", DefaultText: "2"},
				},
				Action: buildImages,
			},
			{
				Name: "ls", Usage: "List the components of images and whether they are built",
				Flags:  []cli.Flag{cni, kubernetes, balancer, cacheDir, outputFlag("table", "json")},
				Action: listComponents,
			},
			{
				Name: "prune", Usage: "Remove images and components that nothing uses any more",
				Flags: []cli.Flag{cacheDir}, Action: pruneImages,
			},
		},
	}
}

// imageOptions are those that the flags give.
func imageOptions(c *cli.Context) kindctl.ImageOptions {
	return kindctl.ImageOptions{
		CNIs: c.StringSlice("cni"), Kubernetes: c.String("kubernetes-version"), LoadBalancer: c.Bool("load-balancer"),
		CacheDir: c.String("cache-dir"), Parallel: c.Int("parallel"),
	}
}

func buildImages(c *cli.Context) error {
	if c.Int("parallel") < 0 {
		return hint.BadFlag.New("--parallel cannot be negative", "Leave it out to let kindctl choose.")
	}
	sink, finish := progressSink(c)
	defer finish()
	refs, err := clientFor(c, sink).BuildImages(c.Context, imageOptions(c))
	if err != nil {
		return err
	}
	finish()
	for _, ref := range refs {
		fmt.Fprintln(c.App.Writer, ref)
	}
	return nil
}

func listComponents(c *cli.Context) error {
	list, err := clientOf(c).ImageComponents(imageOptions(c))
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, list)
	}
	return writeComponents(c.App.Writer, list)
}

func writeComponents(w io.Writer, list []kindctl.ImageComponent) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tKEY\tSTATE\tSIZE\tBUILD TIME")
	for _, s := range list {
		state, size, took := "missing", "-", "about "+s.Estimate.Round(time.Second).String()
		if s.Built {
			state, size, took = "built", quantity.Megabytes(s.Size), s.Duration.Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Key, state, size, took)
	}
	return table.Flush()
}

func pruneImages(c *cli.Context) error {
	sink, finish := progressSink(c)
	defer finish()
	pruned, err := clientFor(c, sink).PruneImages(c.Context, imageOptions(c))
	finish()
	for _, name := range pruned.Removed {
		fmt.Fprintln(c.App.Writer, "removed "+name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%d removed, %s of the cache freed\n", len(pruned.Removed), quantity.Megabytes(pruned.Freed))
	return nil
}
