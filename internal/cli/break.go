package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func breakCommand() *cli.Command {
	return &cli.Command{
		Name: "break", Usage: "Break a cluster on purpose, to find out what is wrong and heal it",
		UsageText: `kindctl break [-n NAME] [--level LEVEL,...] [--count NUMBER] [--seed NUMBER]
kindctl break [-n NAME] --only ID,...
kindctl break list|hint|score|reveal|heal [-n NAME]

Examples:
  kindctl break -n lab                        one incident, at random
  kindctl break -n lab --level easy           one that kubectl describe shows
  kindctl break -n lab --count 3              three at once, all of which can be seen
  kindctl verify -n lab                       says what does not work
  kindctl break score -n lab                  how long it took, and how many hints
  kindctl break heal -n lab                   undo what is left, and remove the shop`,
		Description: "Injects an incident into a cluster that kindctl made, and does not say which. Find it with kubectl and in the nodes, and heal it by hand; kindctl verify shows whether you have. " +
			"Some incidents break a small application, the shop, which is deployed for them in the namespace shop. " +
			"Take a snapshot first to be able to go back whatever you do: kindctl snapshot save NAME.",
		Flags: []cli.Flag{
			nameFlag(),
			&cli.StringSliceFlag{Name: "only", Usage: "choose among the incidents `ID`, comma-separated or repeated; all of them unless --count says less"},
			&cli.StringSliceFlag{Name: "level", Usage: "choose among those of a `LEVEL`: " + strings.Join(levelNames(), ", ") + "; comma-separated or repeated"},
			&cli.IntFlag{Name: "count", Usage: "`NUMBER` of incidents at once", DefaultText: "1"},
			&cli.Uint64Flag{Name: "seed", Usage: "choose by this `NUMBER`: the same incidents on a cluster of the same shape", DefaultText: "at random"},
			dryRunFlag(), outputFlag("text", "json"),
		},
		Action: breakCluster,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "List the incidents that fit a cluster",
				UsageText: "kindctl break list [-n NAME | --all] [-o text|json|name]",
				Flags: []cli.Flag{nameFlag(), &cli.BoolFlag{Name: "all", Usage: "list the whole catalog with what each incident takes, and ask no cluster", DisableDefaultText: true},
					outputFlag("text", "json", "name")},
				Action: listIncidents,
			},
			{
				Name: "hint", Usage: "Take the next hint, which the score counts",
				UsageText: "kindctl break hint [-n NAME] [--of NUMBER] [-o text|json]",
				Flags: []cli.Flag{nameFlag(), &cli.IntFlag{Name: "of", Usage: "`NUMBER` of the incident, where there are several", DefaultText: "the first with hints left"},
					outputFlag("text", "json")},
				Action: takeHint,
			},
			{
				Name: "score", Usage: "Verify a broken cluster, and show time, hints, and what else broke",
				UsageText:   "kindctl break score [-n NAME] [-o text|json]",
				Description: "The time ends with the first verification of all checks that passes: this one, or an earlier kindctl verify. Exits as verify does.",
				Flags:       []cli.Flag{nameFlag(), outputFlag("text", "json")},
				Action:      showScore,
			},
			{
				Name: "reveal", Usage: "Say what was broken, what it teaches, and how to heal it by hand",
				UsageText: "kindctl break reveal [-n NAME] [-o text|json]",
				Flags:     []cli.Flag{nameFlag(), outputFlag("text", "json")},
				Action:    revealBreak,
			},
			{
				Name: "heal", Usage: "Undo all that was broken, remove the shop, and verify",
				UsageText: "kindctl break heal [-n NAME]",
				Description: "Also heals what a killed kindctl break has begun, and is needed after an incident that you have healed yourself: it ends the break. " +
					"Exits as verify does.",
				Flags:  []cli.Flag{nameFlag()},
				Action: healBreak,
			},
		},
	}
}

func levelNames() (names []string) {
	for _, level := range kindctl.Levels() {
		names = append(names, string(level))
	}
	return names
}

func breakCluster(c *cli.Context) error {
	o := kindctl.BreakOptions{Name: c.String("name"), Only: c.StringSlice("only"), Count: c.Int("count"), DryRun: c.Bool("dry-run")}
	if c.IsSet("count") && o.Count < 1 {
		return hint.BadFlag.New("--count must be at least 1", "leave it out for one incident")
	}
	for _, level := range c.StringSlice("level") {
		if !slices.Contains(kindctl.Levels(), kindctl.Level(level)) {
			return hint.BadFlag.New(fmt.Sprintf("there is no level %q", level), "use one of: "+strings.Join(levelNames(), ", "))
		}
		o.Levels = append(o.Levels, kindctl.Level(level))
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		o.Seed = &seed
	}
	sink, finish := progressSink(c)
	defer finish()
	result, err := clientFor(c, sink).Break(c.Context, o)
	finish()
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, struct {
			DryRun bool `json:"dryRun"`
			kindctl.BreakResult
		}{o.DryRun, result})
	}
	if o.DryRun {
		fmt.Fprintf(c.App.Writer, "Would inject %s into cluster %s (seed %d)%s.\n", quantity.Count(result.Incidents, "incident"), result.Cluster, result.Seed, withShop(result.Shop, " and deploy the shop"))
		return nil
	}
	fmt.Fprintf(c.App.Writer, `Cluster %s is broken by %s (seed %d)%s. The time runs.
  what does not work   kindctl verify -n %[1]s
  a hint               kindctl break hint -n %[1]s
  when it is healed    kindctl break score -n %[1]s
  to give up           kindctl break reveal -n %[1]s; kindctl break heal -n %[1]s
`, result.Cluster, quantity.Count(result.Incidents, "incident"), result.Seed, withShop(result.Shop, "; look at namespace shop, too"))
	return nil
}

func withShop(has bool, words string) string {
	if has {
		return words
	}
	return ""
}

func listIncidents(c *cli.Context) error {
	found := kindctl.AllIncidents()
	if c.Bool("all") {
		if given(c, "name") {
			return hint.BadFlag.New("--all and --name exclude each other", "leave one of them out")
		}
	} else {
		var err error
		if found, err = clientOf(c).Incidents(c.Context, c.String("name")); err != nil {
			return err
		}
	}
	switch c.String("output") {
	case "json":
		return report.JSON(c.App.Writer, found)
	case "name":
		for _, i := range found {
			fmt.Fprintln(c.App.Writer, i.ID)
		}
		return nil
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	heading := "ID\tLEVEL\tSUBJECT"
	if c.Bool("all") {
		heading += "\tTAKES"
	}
	fmt.Fprintln(table, heading)
	for _, i := range found {
		line := fmt.Sprintf("%s\t%s\t%s", i.ID, i.Level, i.Subject)
		if c.Bool("all") {
			line += "\t" + i.Unfit
		}
		fmt.Fprintln(table, strings.TrimRight(line, "\t"))
	}
	return table.Flush()
}

func takeHint(c *cli.Context) error {
	if c.IsSet("of") && c.Int("of") < 1 {
		return hint.BadFlag.New("--of must be at least 1", "leave it out for the first incident with hints left")
	}
	taken, err := clientOf(c).Hint(c.Context, c.String("name"), c.Int("of"))
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, taken)
	}
	fmt.Fprintf(c.App.Writer, "Incident %d, hint %d of %d: %s\n", taken.Incident, taken.Number, taken.Of, taken.Text)
	return nil
}

func showScore(c *cli.Context) error {
	sink, finish := progressSink(c)
	defer finish()
	score, verdict, err := clientFor(c, withoutFailures(sink)).Score(c.Context, c.String("name"))
	finish()
	if score.Cluster == "" {
		return err
	}
	if c.String("output") == "json" {
		if failed := report.JSON(c.App.Writer, score); failed != nil {
			return failed
		}
		return err
	}
	if score.Passed {
		fmt.Fprintf(c.App.Writer, "Cluster %s was healed in %s.\n", score.Cluster, time.Duration(*score.SecondsToGreen)*time.Second)
	} else {
		fmt.Fprintf(c.App.Writer, "Cluster %s is not healed yet, after %s: %s.\n", score.Cluster, console.Round(time.Since(score.Since)), report.Summary(verdict))
	}
	others := "none"
	if len(score.Others) > 0 {
		others = strings.Join(score.Others, ", ")
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  incidents\t%d\n  hints taken\t%d\n  revealed\t%s\n  failed besides\t%s\n  verifications\t%d\n", score.Incidents, score.Hints,
		map[bool]string{true: "before it was healed", false: "no"}[score.Revealed], others, score.Verifications)
	if failed := table.Flush(); failed != nil {
		return failed
	}
	if score.Passed {
		fmt.Fprintf(c.App.Writer, "What it was: kindctl break reveal -n %s. To end it: kindctl break heal -n %[1]s\n", score.Cluster)
	}
	return err
}

func revealBreak(c *cli.Context) error {
	found, err := clientOf(c).Reveal(c.Context, c.String("name"))
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, found)
	}
	for at, i := range found.Incidents {
		if at > 0 {
			fmt.Fprintln(c.App.Writer)
		}
		fmt.Fprintf(c.App.Writer, "%s (%s, found by %s): %s\n\n%s\n\nTo heal it by hand: %s\n", i.ID, i.Level, i.Check, i.What, i.Lesson, i.Repair)
	}
	return nil
}

func healBreak(c *cli.Context) error {
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	verdict, err := clientFor(c, sink).Heal(c.Context, c.String("name"))
	finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s is healed and verified after %s: %s.\n", c.String("name"), console.Round(time.Since(started)), report.Summary(verdict))
	return nil
}
