package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

func acceptCommand() *cli.Command {
	return &cli.Command{
		Name: "accept", Usage: "Accept differences from the requested configuration",
		UsageText: `kindctl accept [-n NAME | --context CONTEXT] [ID...]
kindctl accept --list [-o table|json]     what has been accepted
kindctl accept --undo [ID...]             warn of it again

Examples:
  kindctl accept -n lab                     all differences that there are now
  kindctl accept -n lab node.taint          those that one check finds
  kindctl accept --undo api.authz/anonymous`,
		Description: "verify warns of what was changed in a cluster later, such as a removed taint, and gives it an ID. " +
			"Once accepted, the check passes and mentions it; other findings are reported as before. " +
			"docs/checks.md lists the checks that report differences. Accepted IDs are stored in the ConfigMap kube-system/kindctl-accepted.",
		ArgsUsage: "[ID...]",
		Flags: []cli.Flag{
			nameFlag(), contextFlag(), kubeconfigFlag(), outputFlag("table", "json"),
			&cli.BoolFlag{Name: "list", Usage: "list what has been accepted", DisableDefaultText: true},
			&cli.BoolFlag{Name: "undo", Usage: "stop accepting these, or all", DisableDefaultText: true},
		},
		Action: accept,
	}
}

func accept(c *cli.Context) error {
	ids, err := argumentsOf(c)
	if err != nil {
		return err
	}
	if c.Bool("help") {
		return cli.ShowSubcommandHelp(c)
	}
	switch {
	case c.Bool("list") && c.Bool("undo"):
		return hint.BadFlag.New("--list and --undo exclude each other", "leave one of them out")
	case c.Bool("list") && len(ids) > 0:
		return hint.UnexpectedArgument.New(fmt.Sprintf("--list takes no argument %q", ids[0]), "leave it out")
	case given(c, "name") && given(c, "context"):
		return hint.BadFlag.New("--name and --context exclude each other", "leave one of them out")
	}
	checks, err := differingChecks(ids)
	if err != nil {
		return err
	}
	client, name, err := openCluster(c)
	if err != nil {
		return err
	}
	switch {
	case c.Bool("list"):
		return listAccepted(c, client, name)
	case c.Bool("undo"):
		return acceptNoLonger(c, client, name, ids)
	}
	return acceptNow(c, client, name, ids, checks)
}

// differingChecks are the IDs of the checks that know differences: those that are
// named, by themselves or in the ID of a difference, or all.
func differingChecks(ids []string) (checks []string, err error) {
	known := differingNames()
	for _, id := range ids {
		check, _, _ := strings.Cut(id, "/")
		if !slices.Contains(known, check) {
			return nil, hint.DifferenceUnknown.New(fmt.Sprintf("no check %q finds differences%s", check, hint.Nearest(check, known)), "use one of: "+strings.Join(known, ", "))
		}
		if !slices.Contains(checks, check) {
			checks = append(checks, check)
		}
	}
	if len(ids) == 0 {
		return known, nil
	}
	return checks, nil
}

func differingNames() (names []string) {
	for _, check := range kindctl.Checks() {
		if check.Differs != "" {
			names = append(names, check.ID)
		}
	}
	return names
}

// meant reports whether an ID of a difference, or its check's, is among the ids; no
// ids mean all.
func meant(d verify.Difference, ids []string) bool {
	check, _, _ := strings.Cut(d.ID, "/")
	return len(ids) == 0 || slices.Contains(ids, d.ID) || slices.Contains(ids, check)
}

// acceptNow runs the checks that know the differences and records what they find.
func acceptNow(c *cli.Context, client *kube.Client, name string, ids, names []string) error {
	found, unseen, err := findDifferences(c, client, name, names)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(d verify.Difference) bool { return !meant(d, ids) })
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(d verify.Difference) bool { return meant(d, []string{id}) }) {
			return hint.NotDifferent.New(fmt.Sprintf("%s does not differ in %s%s", name, id, unseen), "see what differs: kindctl verify "+strings.Join(namingFlags(c), " "))
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(found), func(d verify.Difference) bool { return d.Accepted })
	if len(fresh) > 0 {
		if err := verify.ChangeAccepted(c.Context, client, func(before []verify.Difference) []verify.Difference { return combined(before, fresh) }); err != nil {
			return err
		}
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, combined(nil, found))
	}
	if len(fresh) == 0 {
		fmt.Fprintf(c.App.Writer, "%s: nothing differs that was not accepted before%s.\n", name, unseen)
		return nil
	}
	for _, d := range fresh {
		fmt.Fprintf(c.App.Writer, "accepted %s: %s\n", d.ID, d.Cause)
	}
	return nil
}

// findDifferences runs checks of a cluster. It also says which could not be run, as
// the end of a sentence.
func findDifferences(c *cli.Context, client *kube.Client, name string, names []string) (found []verify.Difference, unseen string, err error) {
	expect, err := expectationOf(c, client, name)
	if err != nil {
		return nil, "", err
	}
	checks, err := selectFor(expect.CNI, has(name, expect.CNI), verify.Selection{Only: names})
	if err != nil {
		return nil, "", err
	}
	target, err := targetOf(c, client, expect)
	if err != nil {
		return nil, "", err
	}
	sink, finish := progressSink(c)
	defer finish()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "verify", Title: "Compare " + name + " with its requested configuration", Estimate: verifyEstimate / 2})
	verdict, _ := verify.RunAndClose(c.Context, target, checks, verify.RunOptions{Sink: withoutFailures(sink)})
	span.Done("")
	if c.Context.Err() != nil {
		return nil, "", context.Cause(c.Context)
	}
	var failed []string
	for _, result := range verdict.Results {
		found = append(found, result.Differences...)
		if result.Outcome == verify.Fail || result.Outcome == verify.Error {
			failed = append(failed, result.ID)
		}
	}
	if len(failed) > 0 {
		unseen = ", but these checks failed, and a failure cannot be accepted: " + strings.Join(failed, ", ")
	}
	return found, unseen, nil
}

// combined adds accepted differences to others; the newer cause is kept.
func combined(before, more []verify.Difference) []verify.Difference {
	after := slices.DeleteFunc(slices.Clone(before), func(d verify.Difference) bool {
		return slices.ContainsFunc(more, func(m verify.Difference) bool { return m.ID == d.ID })
	})
	for _, d := range more {
		d.Accepted = true
		after = append(after, d)
	}
	return after
}

func acceptNoLonger(c *cli.Context, client *kube.Client, name string, ids []string) error {
	var gone []verify.Difference
	err := verify.ChangeAccepted(c.Context, client, func(before []verify.Difference) []verify.Difference {
		gone = slices.DeleteFunc(slices.Clone(before), func(d verify.Difference) bool { return !meant(d, ids) })
		return slices.DeleteFunc(before, func(d verify.Difference) bool { return meant(d, ids) })
	})
	if err != nil {
		return err
	}
	if len(gone) == 0 {
		return hint.NotAccepted.New(name+" has nothing accepted of that", "see what is: kindctl accept --list "+strings.Join(namingFlags(c), " "))
	}
	for _, d := range gone {
		fmt.Fprintf(c.App.Writer, "no longer accepted: %s\n", d.ID)
	}
	return nil
}

func listAccepted(c *cli.Context, client *kube.Client, name string) error {
	ctx, cancel := context.WithTimeout(c.Context, contactTimeout)
	defer cancel()
	accepted, err := verify.Accepted(ctx, client)
	if err != nil {
		return silence(c, client, err, name)
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, append([]verify.Difference{}, accepted...))
	}
	if len(accepted) == 0 {
		fmt.Fprintf(c.App.Writer, "%s: nothing is accepted.\n", name)
	}
	for _, d := range accepted {
		fmt.Fprintf(c.App.Writer, "%s: %s\n", d.ID, d.Cause)
	}
	return nil
}
