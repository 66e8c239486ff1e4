package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/bench"
	"github.com/kindctl/kindctl/pkg/bench/lab"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "Measure how long up takes until the cluster works, beside the stock way",
		UsageText: `kindctl bench [--cni CNI] [--nodes NUMBER] [--runs NUMBER] [-o table|json|go] [--document FILE]

Examples:
  kindctl bench --cni calico --nodes 1 --runs 1         a first look, in a few minutes
  kindctl bench --nodes 1,3,5,8 -o json >bench.json     everything, in hours
  kindctl bench -o go >bench.txt; benchstat -col /arm bench.txt`,
		Description: "The stock way is kind's library and the CNI's own manifest or chart, both with default settings and the same node image, until everything is rolled out. " +
			"Both ways make clusters of their own by turns, one after the other, and remove them. One judge says of both when the cluster works: " +
			"every node ready with a lease, pods of all nodes to each other, Services by address and by name from every node. A first round warms up and does not count.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "cni", Usage: "measure with this `CNI`, several with commas or again: " + strings.Join(addons.Names(), ", "), DefaultText: "all of them"},
			&cli.IntSliceFlag{Name: "nodes", Value: cli.NewIntSlice(3), Usage: "`NUMBER` of nodes, several with commas or again; one is a control plane, the others are workers"},
			&cli.IntFlag{Name: "runs", Value: 5, Usage: "`NUMBER` of rounds that count, of each CNI and number of nodes"},
			&cli.BoolFlag{Name: "production", Usage: "also measure up --fidelity production, as a third arm", DisableDefaultText: true},
			&cli.StringFlag{Name: "image", Usage: "node `IMAGE` to use, which holds the images of the CNI"},
			&cli.StringFlag{Name: "images", Value: string(images.Auto), Usage: "`SOURCE` of images: auto, local, registry, build"},
			&cli.BoolFlag{Name: "force", Usage: "measure although other clusters run", DisableDefaultText: true},
			&cli.StringFlag{Name: "document", TakesFile: true, Usage: "also write the tables into `FILE`, a Markdown page, in place of those that are there"},
			outputFlag("table", "json", "go"),
		},
		Action: benchAction,
	}
}

func benchAction(c *cli.Context) error {
	wish, err := wishOf(c)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	wish.Sink = sink
	for _, arm := range benchArms(c, host.Facts{}) {
		wish.Arms = append(wish.Arms, arm.Name)
	}
	l, err := lab.Open(c.Context, wish)
	if err != nil {
		return err
	}
	defer l.Close()
	result, err := bench.Run(c.Context, l, bench.Options{Arms: benchArms(c, l.Facts), CNIs: wish.CNIs, Nodes: wish.Nodes, Images: l.Images, Runs: c.Int("runs"), Machine: l.Machine, Sink: sink})
	finish()
	if len(result.Cases) > 0 && len(result.Cases[0].Runs) > 0 { // also what came before an error
		err = errors.Join(err, tellBench(c, result, err == nil || hint.ReasonOf(err) == bench.RunsFailed))
	}
	return err
}

// wishOf reads the flags and refuses what cannot be measured, before Docker is asked.
func wishOf(c *cli.Context) (wish lab.Options, err error) {
	wish = lab.Options{CNIs: addons.Names(), Nodes: c.IntSlice("nodes"), Mode: images.Mode(c.String("images")), Image: c.String("image"), Force: c.Bool("force"), Version: currentVersion()}
	if c.IsSet("cni") {
		wish.CNIs = c.StringSlice("cni")
	}
	for _, cni := range wish.CNIs {
		if !slices.Contains(addons.Names(), cni) {
			return wish, hint.New(hint.Usage, "CNI_UNKNOWN", fmt.Sprintf("there is no CNI %q to measure%s", cni, hint.Nearest(cni, addons.Names())), "use one of: "+strings.Join(addons.Names(), ", "))
		}
	}
	for _, nodes := range wish.Nodes {
		if nodes < 1 {
			return wish, hint.New(hint.Usage, "BAD_FLAG", fmt.Sprintf("a cluster of %d nodes cannot be made", nodes), "write it as --nodes 3, or --nodes 1,3,5,8")
		}
	}
	if c.Int("runs") < 1 {
		return wish, hint.New(hint.Usage, "BAD_FLAG", "--runs must be at least 1", "5 tell how far the runs differ: --runs 5")
	}
	if !slices.Contains(images.Modes(), wish.Mode) {
		return wish, hint.New(hint.Usage, "BAD_FLAG", fmt.Sprintf("there is no source of images %q", wish.Mode), fmt.Sprintf("use one of %v", images.Modes()))
	}
	slices.Sort(wish.CNIs)
	slices.Sort(wish.Nodes)
	wish.CNIs, wish.Nodes = slices.Compact(wish.CNIs), slices.Compact(wish.Nodes)
	if path := c.String("document"); path != "" {
		_, err = readPage(path)
	}
	return wish, err
}

// readPage reads the page that the tables go into, which need not be there, and
// makes sure that it can be written: else that would be known hours later.
func readPage(path string) (string, error) {
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(path))
	} else if err == nil {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return "", hint.Wrap(err, hint.Usage, "DOCUMENT_UNWRITABLE", "the document "+path+" cannot be written", "correct the permissions, or name another file")
	}
	return string(page), nil
}

// tellBench prints the result and, if it is whole, writes the document.
func tellBench(c *cli.Context, result *bench.Result, whole bool) error {
	switch c.String("output") {
	case "json":
		if err := report.JSON(c.App.Writer, result); err != nil {
			return err
		}
	case "go":
		report.GoBench(c.App.Writer, result)
	default:
		report.Bench(c.App.Writer, result)
	}
	path := c.String("document")
	if path == "" || !whole {
		return nil
	}
	page, err := readPage(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(report.BenchPage(page, result)), 0o644)
}
