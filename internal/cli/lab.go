package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func labCommand() *cli.Command {
	return &cli.Command{
		Name: "lab", Usage: "Run labs in Killercoda's format on a cluster of your own",
		Subcommands: []*cli.Command{lintLabCommand()},
	}
}

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
	words, err := exactArguments(c)
	if len(words) == 0 {
		return err
	}
	folder, err := labFolder(words[0])
	if err != nil {
		return err
	}
	reports, err := kindctl.LintLab(folder.FS())
	if err != nil {
		return hint.Keep(err, words[0])
	}
	if c.String("output") == "json" {
		err = report.JSON(c.App.Writer, reports)
	} else {
		report.Labs(c.App.Writer, reports, style(c.App.Writer, isOn(c, "no-color")))
	}
	failed := report.LabErrors(reports)
	if err == nil && failed > 0 {
		return hint.LabInvalid.New(fmt.Sprintf("%s has %s", words[0], count(failed, "error")), "correct what is listed as error")
	}
	return err
}

// labFolder opens the folder of a lab, from which no path leads out.
func labFolder(path string) (*os.Root, error) {
	root, err := os.OpenRoot(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, hint.LabMissing.New("there is no folder "+path, "name the folder that has the lab's index.json")
	case err != nil:
		return nil, hint.LabInvalid.Wrap(err, "the folder "+path+" cannot be read", "name the folder that has the lab's index.json")
	}
	return root, nil
}
