//go:build linux

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/hint"
)

// imagesCommand builds the images of clusters without a registry, and looks
// after what was built.
func imagesCommand() *cli.Command {
	cacheDir := &cli.StringFlag{
		Name: "cache-dir", EnvVars: []string{"KINDCTL_CACHE_DIR"}, TakesFile: true,
		Usage: "`DIR` for build results (default: kindctl in the user's cache directory)",
	}
	cni := &cli.StringSliceFlag{
		Name: "cni", Value: cli.NewStringSlice(forge.Cilium),
		Usage: "CNI whose images are part of the node image: " + strings.Join(forge.CNIs, ", ") + " or all; may be repeated",
	}
	kubernetes := &cli.StringFlag{
		Name: "kubernetes-version", EnvVars: []string{"KINDCTL_KUBERNETES_VERSION"},
		Usage: "`VERSION` of Kubernetes: " + strings.Join(releases.Supported, ", ") + " (default: the first)",
	}
	balancer := &cli.BoolFlag{Name: "load-balancer", Usage: "also the load balancer's image, which several control planes need"}
	return &cli.Command{
		Name: "images", Usage: "Build node images from Go modules and Debian packages",
		Subcommands: []*cli.Command{
			{
				Name: "build", Usage: "Build images and load them into Docker; existing ones are kept",
				Flags: []cli.Flag{
					cni, kubernetes, balancer, cacheDir,
					&cli.IntFlag{Name: "parallel", Usage: "programs to compile at once (default: 2)"},
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

// imageSpecs returns one Spec for each CNI that the flags name.
func imageSpecs(c *cli.Context) ([]forge.Spec, error) {
	names := c.StringSlice("cni")
	if slices.Contains(names, "all") {
		names = forge.CNIs
	}
	version := ""
	if wanted := c.String("kubernetes-version"); wanted != "" {
		var err error
		if version, err = releases.Resolve(wanted); err != nil {
			return nil, err
		}
	}
	var specs []forge.Spec
	for _, name := range names {
		spec := forge.Spec{CNI: name, Kubernetes: version, LoadBalancer: c.Bool("load-balancer")}
		if _, err := forge.NodeImage(spec); err != nil {
			return nil, err
		}
		if !slices.Contains(specs, spec) {
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

func buildImages(c *cli.Context) error {
	if c.Int("parallel") < 0 {
		return hint.BadFlag.New("--parallel cannot be negative", "Leave it out to let kindctl choose.")
	}
	specs, err := imageSpecs(c)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	var refs []string
	for _, spec := range specs {
		result, err := forge.Build(c.Context, spec, forge.Options{
			CacheDir: c.String("cache-dir"), Parallel: c.Int("parallel"), Sink: sink,
		})
		if err != nil {
			return err
		}
		for _, ref := range []string{result.NodeImage, result.LoadBalancerImage} {
			if ref != "" && !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	finish()
	for _, ref := range refs {
		fmt.Fprintln(c.App.Writer, ref)
	}
	return nil
}

func listComponents(c *cli.Context) error {
	specs, err := imageSpecs(c)
	if err != nil {
		return err
	}
	all := []forge.Status{}
	for _, spec := range specs {
		list, err := forge.Components(spec, forge.Options{CacheDir: c.String("cache-dir")})
		if err != nil {
			return err
		}
		for _, status := range list {
			if !slices.Contains(all, status) {
				all = append(all, status)
			}
		}
	}
	if c.String("output") == "json" {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	return writeComponents(c.App.Writer, all)
}

func writeComponents(w io.Writer, list []forge.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tKEY\tSTATE\tSIZE\tBUILD TIME")
	for _, s := range list {
		state, size, took := "missing", "-", "about "+s.Estimate.Round(time.Second).String()
		if s.Built {
			state, size, took = "built", megabytes(s.Size), s.Duration.Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Key, state, size, took)
	}
	return table.Flush()
}

func pruneImages(c *cli.Context) error {
	sink, finish := progressSink(c)
	defer finish()
	freed, removed, err := forge.Prune(c.Context, forge.Options{CacheDir: c.String("cache-dir"), Sink: sink})
	finish()
	for _, name := range removed {
		fmt.Fprintln(c.App.Writer, "removed "+name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%d removed, %s of the cache freed\n", len(removed), megabytes(freed))
	return nil
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
