package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
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
func previewUp(c *cli.Context, options kindctl.UpOptions) error {
	sink, finish := progressSink(c)
	defer finish()
	options.DryRun = true
	result, err := clientFor(c, sink).Up(c.Context, options)
	finish()
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, struct {
			DryRun bool `json:"dryRun"`
			kindctl.UpPlan
		}{true, result.Plan})
	}
	printUpPlan(c.App.Writer, result.Plan)
	return nil
}

// printUpPlan writes the steps of up, and what each would change.
func printUpPlan(out io.Writer, plan kindctl.UpPlan) {
	if plan.Exists {
		fmt.Fprintf(out, "Cluster %s is there already, in the same shape:\n", plan.Cluster)
	}
	for _, step := range plan.Steps {
		if step.Skipped != "" || plan.Exists && len(step.Changes) == 0 {
			continue
		}
		fmt.Fprintln(out, step.Title)
		for _, change := range step.Changes {
			fmt.Fprintln(out, "  "+change)
		}
	}
}

// printPlan writes what would be done to a cluster, a line for each step or as JSON.
func printPlan(c *cli.Context, cluster string, steps []string) error {
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, struct {
			DryRun  bool     `json:"dryRun"`
			Cluster string   `json:"cluster"`
			Steps   []string `json:"steps"`
		}{true, cluster, append([]string{}, steps...)})
	}
	printLines(c.App.Writer, steps)
	return nil
}

func printLines(out io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}
