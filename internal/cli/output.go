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

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// progressSink returns where events of long work go, and a function that ends
// the display, which may be called twice.
func progressSink(c *cli.Context) (sink event.Sink, finish func()) {
	out := c.App.ErrWriter
	if width, is := terminal(out); is && os.Getenv("CI") == "" && !isOn(c, "quiet") && progressOf(c) == progressAuto && !inGitHub(c) {
		live := report.NewLive(out, width, style(out, isOn(c, "no-color")))
		return live, sync.OnceFunc(live.Close)
	}
	return lineSink(c), func() {}
}

// lineSink is a display that never moves what it has written.
func lineSink(c *cli.Context) event.Sink {
	switch out := c.App.ErrWriter; {
	case isOn(c, "quiet"):
		return event.Discard
	case inGitHub(c):
		return report.NewGitHub(out)
	default:
		return console.New(out, style(out, isOn(c, "no-color")))
	}
}

// How progress is shown.
const (
	progressAuto   = "auto"   // as the place wants it
	progressPlain  = "plain"  // lines
	progressGitHub = "github" // lines in groups, annotations, a summary
)

var progressForms = []string{progressAuto, progressPlain, progressGitHub}

// progressFlag chooses the display; it may stand before and after the command.
func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", EnvVars: []string{"KINDCTL_PROGRESS"}, Usage: "`FORM` of progress: " + strings.Join(progressForms, ", ") + " (default: auto)",
		Action: func(_ *cli.Context, value string) error {
			if !slices.Contains(progressForms, value) {
				return hint.BadFlag.New(fmt.Sprintf("there is no form of progress %q", value), "use one of: "+strings.Join(progressForms, ", "))
			}
			return nil
		},
	}
}

// progressOf is the form that the flag names at any level, the innermost first.
func progressOf(c *cli.Context) string {
	for _, level := range c.Lineage() {
		if form := level.String("progress"); form != "" {
			return form
		}
	}
	return progressAuto
}

// inGitHub reports whether the output is the log of GitHub Actions.
func inGitHub(c *cli.Context) bool {
	form := progressOf(c)
	return form == progressGitHub || form == progressAuto && os.Getenv("GITHUB_ACTIONS") == "true"
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

func style(out io.Writer, plain bool) console.Style {
	_, is := terminal(out)
	return console.Style{Color: is && !plain && os.Getenv("NO_COLOR") == ""}
}

// formatsOf are the formats that a command's -o knows, as its usage lists them.
func formatsOf(flag cli.Flag) []string {
	text, is := flag.(*cli.StringFlag)
	if !is {
		return nil
	}
	_, formats, _ := strings.Cut(text.Usage, ": ")
	return strings.Split(formats, ", ")
}

// outputFlag is -o with the formats that a command knows, the default first.
func outputFlag(formats ...string) *cli.StringFlag {
	return &cli.StringFlag{
		Name: "output", Aliases: []string{"o"}, Value: formats[0], Usage: "`FORMAT`: " + strings.Join(formats, ", "),
		Action: func(_ *cli.Context, value string) error {
			if !slices.Contains(formats, value) {
				return hint.BadFlag.New(fmt.Sprintf("there is no output format %q", value), "use one of: "+strings.Join(formats, ", "))
			}
			return nil
		},
	}
}

// defaultName is the cluster's name when no one says one, as in kind.
const defaultName = "kind"

func nameFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "name", Aliases: []string{"n"}, Value: defaultName, EnvVars: []string{"KINDCTL_NAME", "KIND_CLUSTER_NAME"},
		Usage: "`NAME` of the cluster",
		Action: func(_ *cli.Context, name string) error {
			if name == "" {
				return hint.BadFlag.New("--name is empty", "give the name of a cluster; kindctl get clusters lists them")
			}
			return nil
		},
	}
}

func kubeconfigFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "kubeconfig", EnvVars: []string{"KINDCTL_KUBECONFIG"}, TakesFile: true, Usage: "`FILE` to use instead of KUBECONFIG or ~/.kube/config"}
}
