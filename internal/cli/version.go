package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
)

// version is set by the linker: -X github.com/kindctl/kindctl/internal/cli.version=v1.
var version string

// currentVersion is the linker's, or else what the build recorded.
func currentVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "Print the version", Flags: []cli.Flag{outputFlag("text", "json")},
		Action: printVersion,
	}
}

func printVersion(c *cli.Context) error {
	if c.String("output") == "json" {
		return report.JSON(
			c.App.Writer, map[string]string{"version": currentVersion(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH},
		)
	}
	_, err := fmt.Fprintf(c.App.Writer, "kindctl %s %s %s/%s\n", currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
