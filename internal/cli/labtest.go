package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

func lintLabCommand() *cli.Command {
	return &cli.Command{
		Name: "lint", Usage: "Say what a lab needs, and what is wrong with it",
		UsageText: "kindctl lab lint DIR [-o text|json]",
		Description: "DIR has the index.json of a lab, or the structure.json of a course, whose labs are all examined. No cluster is asked. " +
			"Exits with 2 when a lab has errors, with which it does not run, and with 0 when it has warnings alone.",
		ArgsUsage: "DIR",
		Flags:     []cli.Flag{outputFlag("text", "json")},
		Action:    lintLab,
	}
}

func lintLab(c *cli.Context) error {
	folder, err := labArgument(c)
	if folder == nil {
		return err
	}
	defer folder.Close()
	reports, err := kindctl.LintLab(folder.FS)
	if err != nil {
		return hint.Keep(err, folder.word)
	}
	if c.String("output") == "json" {
		err = report.JSON(c.App.Writer, reports)
	} else {
		report.Labs(c.App.Writer, reports, style(c.App.Writer, isOn(c, "no-color")))
	}
	if failed := report.LabErrors(reports); err == nil && failed > 0 {
		return hint.LabInvalid.New(fmt.Sprintf("%s has %s", folder.word, quantity.Count(failed, "error")), "correct what is listed as error")
	}
	return err
}

func testLabCommand() *cli.Command {
	return &cli.Command{
		Name: "test", Usage: "Try the verify scripts of a lab on a cluster that is removed afterwards",
		UsageText: "kindctl lab test DIR [--report junit=FILE] [-o table|json] [flags]",
		Description: "The verify script of each step must fail at its beginning and after each wrong answer, and pass after the solution. " +
			"DIR has the index.json of a lab, or the structure.json of a course, whose labs are all tried. Exits with 5 when one of them did not pass.",
		ArgsUsage: "DIR",
		Flags:     append(makeLabFlags(), outputFlag("table", "json"), reportFlag()),
		Action:    testLab,
	}
}

func testLab(c *cli.Context) error {
	folder, err := labArgument(c)
	if folder == nil {
		return err
	}
	defer folder.Close()
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	found, err := kindctl.LintLab(folder.FS)
	if err != nil {
		return hint.Keep(err, folder.word)
	}
	reports, err := openReports(c, "lab test")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	client := clientFor(c, reports.follow(withoutFailures(sink)))
	var whole verify.Report
	var failures []error
	for _, one := range found {
		if one.Course {
			failures = append(failures, courseErrors(one, folder.word))
			continue
		}
		within, err := fs.Sub(folder.FS, one.Path)
		if err != nil {
			return err
		}
		source := filepath.Join(folder.source, filepath.FromSlash(one.Path))
		tried, err := client.TestLab(c.Context, kindctl.TestLabOptions{
			Folder: within, Source: source, Name: c.String("name"), Backend: c.String("backend"), Images: kindctl.ImageMode(c.String("images")),
			Mirror: c.String("image-registry"), IgnorePreflightErrors: c.StringSlice(ignoreFlag), WaitTimeout: wait, Kubeconfig: c.String("kubeconfig"),
		})
		if whole.Started.IsZero() {
			whole = tried
		} else {
			whole.Results = append(whole.Results, tried.Results...)
			whole.Duration += tried.Duration
		}
		failures = append(failures, err)
		if c.Context.Err() != nil {
			break
		}
	}
	finish()
	err = errors.Join(failures...)
	if c.String("output") == "json" {
		if failure := report.Verdict(c.App.Writer, whole); failure != nil {
			err = failure
		}
	} else if len(whole.Results) > 0 {
		report.Table(c.App.Writer, whole, report.TableOptions{Style: style(c.App.Writer, isOn(c, "no-color"))})
	}
	return reports.finish(whole, err)
}

// courseErrors is what is wrong with a course itself, beside its labs, which are others then than
// those that its author meant.
func courseErrors(course kindctl.LabReport, path string) error {
	failed := report.LabErrors([]kindctl.LabReport{course})
	if failed == 0 {
		return nil
	}
	return hint.LabInvalid.New(fmt.Sprintf("course %s has %s", course.Title, quantity.Count(failed, "error")), "see: kindctl lab lint "+path)
}
