package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

func loadCommand() *cli.Command {
	return &cli.Command{
		Name: "load", Usage: "Load images of this host into a cluster's nodes",
		UsageText: `kindctl load IMAGE|ARCHIVE... [-n NAME] [--nodes ROLE|NAME,...]

Examples:
  kindctl load shop:dev shop-db:dev            what "docker build" made
  kindctl load -n lab images.tar               what "docker save" wrote
  kindctl load --nodes worker batch:dev        not into control planes`,
		Description: "IMAGE is an image in Docker; ARCHIVE is a file that ends in .tar, .tar.gz or .tgz, or a path that starts with ./ or /. " +
			"All nodes are loaded at the same time; those that already have the image are skipped. " +
			"Pods use it by its name; with the tag latest they also need imagePullPolicy: IfNotPresent.",
		ArgsUsage: "IMAGE|ARCHIVE...",
		Flags: []cli.Flag{nameFlag(),
			&cli.StringSliceFlag{Name: "nodes", Usage: "load into these nodes only: `ROLE|NAME`, comma-separated or repeated; roles are control-plane and worker"}},
		Action: load,
	}
}

func load(c *cli.Context) error {
	words, err := argumentsOf(c)
	if err != nil {
		return err
	}
	if c.Bool("help") {
		return cli.ShowSubcommandHelp(c)
	}
	options := kindctl.LoadOptions{Name: c.String("name"), Nodes: c.StringSlice("nodes")}
	options.Images, options.Archives = imagesAndArchives(words)
	sink, finish := progressSink(c)
	defer finish()
	loaded, err := clientFor(c, sink).Load(c.Context, options)
	finish()
	if err != nil {
		return err
	}
	for _, image := range loaded {
		printLoaded(c.App.Writer, image)
	}
	return nil
}

// imagesAndArchives distinguishes archives from names of images.
func imagesAndArchives(words []string) (images, archives []string) {
	for _, word := range words {
		name := strings.ToLower(word)
		if strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz") ||
			strings.HasPrefix(word, ".") ||
			strings.HasPrefix(word, "/") {
			archives = append(archives, word)
		} else {
			images = append(images, word)
		}
	}
	return images, archives
}

func printLoaded(out io.Writer, image kindctl.LoadedImage) {
	switch {
	case len(image.Into) == 0:
		fmt.Fprintf(out, "%s: there already, in %s\n", image.Image, strings.Join(image.Had, ", "))
	case len(image.Had) == 0:
		fmt.Fprintf(out, "%s: loaded into %s\n", image.Image, strings.Join(image.Into, ", "))
	default:
		fmt.Fprintf(out, "%s: loaded into %s; there already, in %s\n", image.Image, strings.Join(image.Into, ", "), strings.Join(image.Had, ", "))
	}
}
