package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// progressSink returns where events of long work go, and a function that ends
// the display, which may be called twice.
func progressSink(c *cli.Context) (sink event.Sink, finish func()) {
	out := c.App.ErrWriter
	s := style(out, isOn(c, "no-color"))
	if isOn(c, "quiet") {
		return event.Discard, func() {}
	}
	if width, is := terminal(out); is && os.Getenv("CI") == "" {
		live := report.NewLive(out, width, s)
		return live, sync.OnceFunc(live.Close)
	}
	return report.NewConsole(out, s), func() {}
}

// terminal returns the width of the terminal that out is, if it is one.
func terminal(out io.Writer) (width int, is bool) {
	file, isFile := out.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	return width, err == nil
}

func style(out io.Writer, plain bool) report.Style {
	_, is := terminal(out)
	return report.Style{Color: is && !plain && os.Getenv("NO_COLOR") == ""}
}

// outputFlag is -o with the formats that a command knows, the default first.
func outputFlag(formats ...string) *cli.StringFlag {
	return &cli.StringFlag{
		Name: "output", Aliases: []string{"o"}, Value: formats[0], Usage: "`FORMAT`: " + strings.Join(formats, ", "),
		Action: func(_ *cli.Context, value string) error {
			if !slices.Contains(formats, value) {
				return hint.New(hint.Usage, "BAD_FLAG", fmt.Sprintf("there is no output format %q", value), "use one of: "+strings.Join(formats, ", "))
			}
			return nil
		},
	}
}

// defaultName is the cluster's name when nobody says one, as in kind.
const defaultName = "kind"

func nameFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "name", Aliases: []string{"n"}, Value: defaultName, EnvVars: []string{"KINDCTL_NAME", "KIND_CLUSTER_NAME"},
		Usage: "`NAME` of the cluster",
	}
}

func kubeconfigFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "kubeconfig", EnvVars: []string{"KINDCTL_KUBECONFIG"}, TakesFile: true, Usage: "`FILE` to use instead of KUBECONFIG or ~/.kube/config"}
}
