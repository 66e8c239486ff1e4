package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func listLabsCommand() *cli.Command {
	return &cli.Command{
		Name: "ls", Usage: "List the labs that run, or those of a course",
		UsageText: "kindctl lab ls [DIR] [-o json|name]",
		ArgsUsage: "[DIR]",
		Flags:     []cli.Flag{outputFlag("text", "json", "name")},
		Action:    listLabs,
	}
}

func listLabs(c *cli.Context) error {
	words, done, err := optionalArgument(c, "folder")
	if done {
		return err
	}
	if len(words) > 0 {
		return listCourse(c, words[0])
	}
	found, err := clientOf(c).Labs()
	switch {
	case c.String("output") == "json":
		return errors.Join(report.JSON(c.App.Writer, listedLabs(found)), err)
	case c.String("output") == "name":
		for _, one := range found {
			fmt.Fprintln(c.App.Writer, one.Cluster)
		}
	case len(found) > 0:
		return errors.Join(tableOfLabs(c.App.Writer, found, time.Now()), err)
	case err == nil && !isOn(c, "quiet"):
		fmt.Fprintln(c.App.ErrWriter, "no lab runs; begin one: kindctl lab run LAB")
	}
	return err
}

// listedLab is a lab for machines.
type listedLab struct {
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	Source string    `json:"source"`
	Step   int       `json:"step"`
	Steps  int       `json:"steps"`
	Passed int       `json:"passed"`
	Points int       `json:"points"`
	Began  time.Time `json:"began"`
}

func listedLabs(found []kindctl.Lab) []listedLab {
	listed := []listedLab{}
	for _, one := range found {
		listed = append(listed, listedLab{
			one.Cluster, one.Title, one.Source, one.Current, len(one.Steps), one.Passed(), one.Points(), one.Started,
		})
	}
	return listed
}

func tableOfLabs(out io.Writer, found []kindctl.Lab, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tTITLE\tPASSED\tPOINTS\tAGE\tFROM")
	for _, one := range found {
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%d\t%s\t%s\n", one.Cluster, one.Title, one.Passed(), len(one.Steps), one.Points(),
			duration.HumanDuration(now.Sub(one.Started)), one.Source)
	}
	return table.Flush()
}

// listCourse lists the labs of a course, in order.
func listCourse(c *cli.Context, path string) error {
	folder, err := openLab(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	reports, err := kindctl.LintLab(folder.FS)
	if err != nil {
		return hint.Keep(err, path)
	}
	labs := []kindctl.LabReport{}
	for _, one := range reports {
		if one.Course {
			if err := courseErrors(one, path); err != nil {
				return err
			}
			continue
		}
		one.Problems = nil
		labs = append(labs, one)
	}
	switch c.String("output") {
	case "json":
		return report.JSON(c.App.Writer, labs)
	case "name":
		for _, one := range labs {
			fmt.Fprintln(c.App.Writer, one.Path)
		}
		return nil
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LAB\tTITLE\tSTEPS\tPOINTS")
	for _, one := range labs {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\n", one.Path, one.Title, one.Steps, one.Points)
	}
	return table.Flush()
}
