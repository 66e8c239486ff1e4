//go:build !linux

package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

// imagesCommand says that the forge works on Linux only.
func imagesCommand() *cli.Command {
	return &cli.Command{
		Name: "images", Usage: "Build node images from Go modules and Debian packages, on Linux",
		ArgsUsage: "build|ls|prune", SkipFlagParsing: true,
		Action: func(*cli.Context) error { return kindctl.ErrNotLinux },
	}
}
