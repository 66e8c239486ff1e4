package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/hint"
)

func dryRunFlag() *cli.BoolFlag {
	return &cli.BoolFlag{Name: "dry-run", Usage: "print what would be done, and change nothing", DisableDefaultText: true}
}

// planFormatFlag is -o for commands that print data only when asked for it.
func planFormatFlag(asked string) *cli.StringFlag {
	flag := outputFlag("text", "json")
	flag.Usage = "`FORMAT` of what " + asked + " prints: text, json"
	return flag
}

// onlyAnswer refuses what makes no sense with one of the questions, which are
// flags that have a command answer and change nothing, and -o json without one.
func onlyAnswer(c *cli.Context, questions []string, excluded ...string) error {
	at := slices.IndexFunc(questions, c.Bool)
	if at < 0 {
		if c.String("output") == "json" {
			return hint.BadFlag.New("-o json is for an answer that changes nothing", "leave it out, or add --"+strings.Join(questions, " or --"))
		}
		return nil
	}
	for _, name := range slices.Concat(questions[at+1:], excluded) {
		if given(c, name) {
			return hint.BadFlag.New("--"+questions[at]+" and --"+name+" exclude each other", "leave one of them out")
		}
	}
	return nil
}

// previewUp says what up would do.
func previewUp(c *cli.Context, order order) error {
	sink, finish := progressSink(c)
	defer finish()
	order.warn(sink)
	config := order.config(c, sink)
	config.Kubeconfig = c.String("kubeconfig")
	outline, err := bootstrap.NewUp(config).DryRun(c.Context)
	finish()
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, struct {
			DryRun bool `json:"dryRun"`
			bootstrap.DryRunResult
		}{true, outline})
	}
	tellOutline(c.App.Writer, outline)
	return nil
}

// tellOutline writes the steps of up, and what each would change.
func tellOutline(out io.Writer, outline bootstrap.DryRunResult) {
	if outline.Exists {
		fmt.Fprintf(out, "Cluster %s is there already, in the same shape:\n", outline.Cluster)
	}
	for _, step := range outline.Steps {
		if step.Skipped != "" || outline.Exists && len(step.Changes) == 0 {
			continue
		}
		fmt.Fprintln(out, step.Title)
		for _, change := range step.Changes {
			fmt.Fprintln(out, "  "+change)
		}
	}
}

// tellPlan writes what would be done to a cluster.
func tellPlan(c *cli.Context, cluster string, steps []string) error {
	if c.String("output") != "json" {
		printPlan(c.App.Writer, steps)
		return nil
	}
	return report.JSON(c.App.Writer, struct {
		DryRun  bool     `json:"dryRun"`
		Cluster string   `json:"cluster"`
		Steps   []string `json:"steps"`
	}{true, cluster, append([]string{}, steps...)})
}

// printPlan writes what a command would do, a line for each step.
func printPlan(out io.Writer, steps []string) {
	for _, step := range steps {
		fmt.Fprintln(out, step)
	}
}
