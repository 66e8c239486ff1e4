package cli

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/labs"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func labCommand() *cli.Command {
	return &cli.Command{
		Name: "lab", Usage: "Run labs in Killercoda's format on a cluster of your own",
		Subcommands: []*cli.Command{
			runLabCommand(), listLabsCommand(), showLabCommand(), shellLabCommand(), checkLabCommand(), hintLabCommand(), solveLabCommand(),
			resetLabCommand(), endLabCommand(), lintLabCommand(), testLabCommand(),
		},
	}
}

// labNameFlag names a lab that runs. The variables that name clusters do not count.
func labNameFlag() cli.Flag {
	return &cli.StringFlag{Name: "name", Aliases: []string{"n"}, Usage: "`NAME` of the lab (default: the only one that runs)"}
}

// makeLabFlags are those of commands that create a cluster for a lab.
func makeLabFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "name", Aliases: []string{"n"}, Usage: "`NAME` of the lab and of its cluster (default: lab- and the folder's name)"},
		&cli.StringFlag{Name: "backend", Usage: "run it on this `IMAGEID` instead of the one in index.json, such as kubernetes-kubeadm-1node"},
	}
	for _, flag := range clusterFlags() {
		switch flag.Names()[0] {
		case "images", "image-registry", ignoreFlag, "wait-timeout":
			flags = append(flags, flag)
		}
	}
	return append(flags, kubeconfigFlag())
}

func runLabCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "Create a cluster for a lab, and begin it",
		UsageText: `kindctl lab run LAB [-n NAME] [--language zh] [flags]

Examples:
  kindctl lab run 1                       the first lab of the course that comes with kindctl
  kindctl lab run pods                    the lab in the folder pods, on cluster lab-pods
  kindctl lab run course/services         a lab of a course
  kindctl lab run pods --language zh      with Chinese texts, where there are some`,
		Description: "LAB is a folder with a lab's index.json, or a lab of the course that comes with kindctl, by number or name (kindctl lab ls " + labs.Course + "). Several labs can run, each on a cluster of its own. When the command fails or is interrupted, nothing is left behind.",
		ArgsUsage:   "LAB",
		Flags: append(makeLabFlags(), noSwitchFlag(),
			&cli.StringFlag{Name: "language", EnvVars: []string{"KINDCTL_LANGUAGE"}, Usage: "`LANGUAGE` of texts, two letters (default: that of the environment, or English)"}),
		Action: runLab,
	}
}

func runLab(c *cli.Context) error {
	folder, err := labArgument(c)
	if folder == nil {
		return err
	}
	defer folder.Close()
	options := kindctl.RunLabOptions{
		Folder: folder.FS, Source: folder.source, Name: c.String("name"), Backend: c.String("backend"),
		Language: cmp.Or(c.String("language"), os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")),
		Images:   kindctl.ImageMode(c.String("images")), Mirror: c.String("image-registry"), Kubeconfig: c.String("kubeconfig"),
		KeepContext: c.Bool("no-switch-context"), IgnorePreflightErrors: c.StringSlice(ignoreFlag), Out: c.App.Writer,
	}
	if options.WaitTimeout, err = waitTimeout(c); err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	state, err := clientFor(c, sink).RunLab(c.Context, options)
	finish()
	if err != nil {
		return err
	}
	intro, err := clientOf(c).LabIntro(c.Context, state.Cluster)
	if err != nil {
		return err
	}
	showLabPage(c, intro, false)
	return showCurrent(c, state.Cluster)
}

// showCurrent shows the page that a lab is at, and what to do there.
func showCurrent(c *cli.Context, name string) error {
	page, err := clientOf(c).LabStep(c.Context, name, 0)
	if err != nil {
		return err
	}
	showLabPage(c, page, false)
	flag := ""
	if labs, err := clientOf(c).Labs(); err == nil && len(labs) > 1 {
		flag = " -n " + name
	}
	switch {
	case page.Step > 0:
		fmt.Fprintf(c.App.ErrWriter, "Work in: kindctl lab shell%s   Then: kindctl lab check%[1]s   Help: kindctl lab hint%[1]s\n", flag)
	case page.Steps == 0:
		fmt.Fprintf(c.App.ErrWriter, "Work in: kindctl lab shell%s   At the end: kindctl lab end%[1]s\n", flag)
	default:
		fmt.Fprintf(c.App.ErrWriter, "Remove the lab: kindctl lab end%s\n", flag)
	}
	return nil
}

// showLabPage shows a text of a lab, if there is one.
func showLabPage(c *cli.Context, page kindctl.LabPage, details bool) {
	paint := style(c.App.Writer, isOn(c, "no-color"))
	columns, _ := terminal(c.App.Writer)
	switch {
	case page.Step > 0:
		title := fmt.Sprintf("Step %d of %d", page.Step, page.Steps)
		if page.Title != "" {
			title += ": " + page.Title
		}
		if page.Points > 0 {
			title += fmt.Sprintf(" (%s)", quantity.Count(page.Points, "point"))
		}
		fmt.Fprintln(c.App.Writer, paint.Paint(console.Bold, title)+"\n")
	case page.Title != "":
		fmt.Fprintln(c.App.Writer, paint.Paint(console.Bold, page.Title)+"\n")
	}
	if page.Text != "" {
		fmt.Fprintln(c.App.Writer, report.LabText(page.Text, columns, details, paint))
	}
}

func showLabCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "Show a step of a lab again",
		UsageText: "kindctl lab show [STEP] [-n NAME] [--details]",
		ArgsUsage: "[STEP]",
		Flags:     []cli.Flag{labNameFlag(), &cli.BoolFlag{Name: "details", Usage: "show tips and solutions that the text hides", DisableDefaultText: true}},
		Action: func(c *cli.Context) error {
			step, done, err := stepArgument(c)
			if done {
				return err
			}
			page, err := clientOf(c).LabStep(c.Context, c.String("name"), step)
			if err != nil {
				return err
			}
			showLabPage(c, page, c.Bool("details"))
			return nil
		},
	}
}

// stepArgument is the number of a step, or 0. With done there is nothing more to do.
func stepArgument(c *cli.Context) (step int, done bool, err error) {
	words, done, err := optionalArgument(c, "step")
	if done || len(words) == 0 {
		return 0, done, err
	}
	step, err = strconv.Atoi(words[0])
	if err != nil || step < 1 {
		return 0, true, hint.LabStep.New(fmt.Sprintf("%q is no step", words[0]), "give its number, from 1")
	}
	return step, false, nil
}

func checkLabCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "Check a step of a lab, and begin the next one when it passes",
		UsageText:   "kindctl lab check [STEP] [-n NAME]",
		Description: "Without STEP it is the current one. Exits with 0 when the step has passed, with 5 when it has not, and with 6 when its verify script did not end in time.",
		ArgsUsage:   "[STEP]",
		Flags:       []cli.Flag{labNameFlag()},
		Action:      checkLab,
	}
}

func checkLab(c *cli.Context) error {
	step, done, err := stepArgument(c)
	if done {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	found, state, err := clientFor(c, sink).CheckLab(c.Context, c.String("name"), step, c.App.Writer)
	finish()
	if err != nil {
		return err
	}
	for _, one := range found.Backgrounds {
		fmt.Fprintf(c.App.ErrWriter, "warning: the background script of %s failed with exit code %d: see %s on controlplane\n%s\n", one.Page, one.Code, one.Log, one.Output)
	}
	if !found.Passed {
		return checkFailure(found)
	}
	paint := style(c.App.Writer, isOn(c, "no-color"))
	fmt.Fprintf(c.App.Writer, "%s Step %d has passed.\n\n", paint.Paint(console.Green, "PASS"), found.Step)
	if !found.Began {
		return nil
	}
	if err := showCurrent(c, state.Cluster); err != nil {
		return err
	}
	if state.Finished() {
		fmt.Fprintln(c.App.Writer, finishedLab(state))
	}
	return nil
}

// checkFailure is the error of a step that has not passed.
func checkFailure(found kindctl.LabCheck) error {
	said := ""
	if found.Output != "" {
		said = "; the verify script says:\n" + found.Output
	}
	advice := "do what the step asks for, and check again; help: kindctl lab hint"
	if found.Late {
		return hint.LabCheckTimeout.New(fmt.Sprintf("step %d has not passed: its verify script did not end in time, and was ended%s", found.Step, said), advice)
	}
	return hint.LabCheckFailed.New(fmt.Sprintf("step %d has not passed%s", found.Step, said), advice)
}

// finishedLab says how a lab has ended.
func finishedLab(state kindctl.Lab) string {
	text := fmt.Sprintf("The lab is finished: %s passed", quantity.Count(state.Passed(), "step"))
	if points := state.Points(); points > 0 {
		text += fmt.Sprintf(", %s", quantity.Count(points, "point"))
	}
	return text + fmt.Sprintf(", after %s.", console.Round(time.Since(state.Started)))
}

func hintLabCommand() *cli.Command {
	return &cli.Command{
		Name: "hint", Usage: "Give the next hint for the current step",
		UsageText: "kindctl lab hint [-n NAME]",
		Flags:     []cli.Flag{labNameFlag()},
		Action: func(c *cli.Context) error {
			given, err := clientOf(c).HintLab(c.Context, c.String("name"))
			if err != nil {
				return err
			}
			columns, _ := terminal(c.App.Writer)
			title := fmt.Sprintf("Hint %d of %d", given.Number, given.Of)
			if given.Cost > 0 {
				title += fmt.Sprintf(", for %s", quantity.Count(given.Cost, "point"))
			}
			paint := style(c.App.Writer, isOn(c, "no-color"))
			fmt.Fprintf(c.App.Writer, "%s\n\n%s", paint.Paint(console.Bold, title), report.LabText(given.Text, columns, true, paint))
			return nil
		},
	}
}

func solveLabCommand() *cli.Command {
	return &cli.Command{
		Name: "solve", Usage: "Run the lab's own solution of the current step, which has no points then",
		UsageText: "kindctl lab solve [-n NAME]",
		Flags:     []cli.Flag{labNameFlag()},
		Action: func(c *cli.Context) error {
			sink, finish := progressSink(c)
			defer finish()
			step, err := clientFor(c, sink).SolveLab(c.Context, c.String("name"), c.App.Writer)
			finish()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "The solution of step %d has run. Go on: kindctl lab check\n", step)
			return nil
		},
	}
}

func resetLabCommand() *cli.Command {
	return &cli.Command{
		Name: "reset", Usage: "Bring a lab back to the beginning of a step",
		UsageText:   "kindctl lab reset [STEP] [-n NAME]",
		Description: "Without STEP it is the current one. What was changed in the cluster since the step began is lost; hints that were given stay given.",
		ArgsUsage:   "[STEP]",
		Flags:       []cli.Flag{labNameFlag()},
		Action: func(c *cli.Context) error {
			step, done, err := stepArgument(c)
			if done {
				return err
			}
			sink, finish := progressSink(c)
			defer finish()
			started := time.Now()
			step, err = clientFor(c, sink).ResetLab(c.Context, c.String("name"), step, c.App.Writer)
			finish()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "The lab is back at the beginning of step %d after %s.\n", step, console.Round(time.Since(started)))
			return nil
		},
	}
}

func endLabCommand() *cli.Command {
	return &cli.Command{
		Name: "end", Usage: "Remove a lab with its cluster and its progress",
		UsageText: "kindctl lab end [-n NAME]",
		Flags:     []cli.Flag{labNameFlag(), kubeconfigFlag()},
		Action: func(c *cli.Context) error {
			sink, finish := progressSink(c)
			defer finish()
			ended, err := clientFor(c, sink).EndLab(c.Context, c.String("name"), c.String("kubeconfig"))
			finish()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "Removed lab %s.\n", ended)
			return nil
		},
	}
}
