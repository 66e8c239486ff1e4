package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/provider"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "Check whether this host can run a cluster, and suggest fixes",
		UsageText: `kindctl doctor [--cni CNI] [--proxy-mode MODE] [--fix] [-o table|json]

Examples:
  kindctl doctor                         the default cluster, and what every CNI and proxy mode needs
  kindctl doctor --proxy-mode ipvs       what kindctl up would say to the same flags
  sudo kindctl doctor --fix              raise kernel limits that are too low`,
		Description: "kindctl up stops at fatal findings and repeats the warnings. The exit code is 3 when a finding is fatal or could not be fixed. " +
			"--fix raises limits and changes nothing else.",
		Flags: append(topologyFlags(), kubeconfigFlag(), ignorePreflightFlag(), outputFlag("table", "json"),
			&cli.BoolFlag{Name: "fix", Usage: "apply the safe fixes: raise kernel limits until the next reboot", DisableDefaultText: true}),
		Action: doctor,
	}
}

// examination is what doctor prints.
type examination struct {
	// Fit says that a cluster can be made here: nothing is fatal.
	Fit      bool           `json:"fit"`
	Cluster  string         `json:"cluster"`
	Findings []host.Finding `json:"findings"`
	Repairs  []repair       `json:"repairs,omitempty"`

	fixing  bool  // with --fix
	trouble error // Docker's, with its own reason and advice
}

// repair is what --fix did, or why it could not.
type repair struct {
	ID    string `json:"id"`
	Done  string `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

func doctor(c *cli.Context) error {
	topology, err := doctorTopology(c)
	if err != nil {
		return err
	}
	needsOf := kindctl.Needs
	if !c.IsSet("cni") && !c.IsSet("proxy-mode") && !c.IsSet("config") {
		needsOf = kindctl.AllNeeds
	}
	needs, err := needsOf(topology)
	if err != nil {
		return err
	}
	needs.Ignored = c.StringSlice(ignoreFlag)
	found, err := examine(c, topology, needs)
	if err != nil {
		return err
	}
	var failed error
	if c.Bool("fix") {
		var repairs []repair
		if repairs, failed = fix(found.Findings); slices.ContainsFunc(repairs, func(r repair) bool { return r.Done != "" }) {
			if found, err = examine(c, topology, needs); err != nil { // the kernel says what it made of it
				return err
			}
		}
		found.Repairs, found.fixing = repairs, true
	}
	found.Cluster = shapeOf(topology)
	if c.String("output") == "json" {
		if err := report.JSON(c.App.Writer, found); err != nil {
			return err
		}
	} else {
		found.table(c.App.Writer)
	}
	return errors.Join(found.verdict(), failed)
}

// doctorTopology is the cluster that up would make with the same flags.
func doctorTopology(c *cli.Context) (clusters.Topology, error) {
	topology, err := topologyOf(c)
	if err != nil {
		return topology, err
	}
	_, err = topology.Validate()
	return topology, err
}

// examine collects the findings: the host's, those on what the CNI is installed
// from, and those on the kubeconfig.
func examine(c *cli.Context, topology clusters.Topology, needs host.Needs) (found examination, err error) {
	facts, source := host.Facts{}, []host.Finding(nil)
	docker, err := openDocker(c)
	if err != nil {
		if c.Context.Err() != nil {
			return found, err
		}
		found.trouble, facts = err, host.Blind(err)
	} else {
		if facts, err = host.Probe(c.Context, docker.Client()); err != nil {
			return found, err
		}
		if source, err = bootstrap.Source(c.Context, docker, kindctl.Places(topology, "", event.Discard), topology, facts); err != nil {
			return found, err
		}
	}
	found.Findings = append(facts.Findings(needs), source...)
	kubeconfig := host.Finding{ID: "kubeconfig", State: host.OK, Seen: "the kubeconfig can be changed"}
	if err := provider.CheckKubeconfig(c.Context, c.String("kubeconfig")); err != nil {
		kubeconfig = host.Broken("kubeconfig", err)
	}
	found.Findings = append(found.Findings, kubeconfig)
	found.Fit = found.count(host.Fatal) == 0
	return found, nil
}

// fix applies the fixes that are safe. Its error names what could not be done.
func fix(findings []host.Finding) (repairs []repair, err error) {
	for _, finding := range findings {
		if !finding.Repairable() {
			continue
		}
		done, failure := finding.Repair()
		result := repair{ID: finding.ID, Done: done}
		if failure != nil {
			result.Error = failure.Error()
			err = errors.Join(err, failure)
		}
		repairs = append(repairs, result)
	}
	return repairs, err
}

func (e examination) count(state host.State) (n int) {
	for _, finding := range e.Findings {
		if finding.State == state {
			n++
		}
	}
	return n
}

// verdict is the error of a host that is not fit.
func (e examination) verdict() error {
	switch {
	case e.Fit:
		return nil
	case e.trouble != nil:
		return e.trouble
	}
	return hint.HostUnfit.New(fmt.Sprintf("this host cannot carry the cluster: %s", count(e.count(host.Fatal), "fatal finding")),
		"apply the fixes above, or ask for another cluster")
}

var marks = map[host.State]string{host.OK: "✓", host.Warning: "!", host.Fatal: "✗", host.Unseen: "?"}

// table writes the findings for people.
func (e examination) table(out io.Writer) {
	for _, r := range e.Repairs {
		if r.Done != "" {
			fmt.Fprintf(out, "fixed %s: %s\n", r.ID, r.Done)
		} else {
			fmt.Fprintf(out, "not fixed %s: %s\n", r.ID, r.Error)
		}
	}
	if e.fixing && len(e.Repairs) == 0 {
		fmt.Fprintln(out, "nothing here has a fix that --fix applies")
	}
	width := 0
	for _, finding := range e.Findings {
		width = max(width, len(finding.ID))
	}
	for _, f := range e.Findings {
		fmt.Fprintf(out, "%s %-*s  %s\n", marks[f.State], width, f.ID, f.Seen)
		if f.Effect != "" {
			fmt.Fprintf(out, "  %*s    effect: %s\n", width, "", f.Effect)
		}
		if f.Fix != "" {
			fmt.Fprintf(out, "  %*s    fix: %s\n", width, "", f.Fix)
		}
	}
	verdict := "can be made here"
	if !e.Fit {
		verdict = "cannot be made here"
	}
	fmt.Fprintf(out, "\n%d ok, %s, %d fatal, %d unknown: a cluster with %s %s.\n", e.count(host.OK), count(e.count(host.Warning), "warning"),
		e.count(host.Fatal), e.count(host.Unseen), e.Cluster, verdict)
}

// shapeOf is a topology in a few words.
func shapeOf(t clusters.Topology) string {
	return fmt.Sprintf("%s, %s, CNI %s, proxy mode %s", count(t.ControlPlanes, "control plane"), count(t.Workers, "worker"), t.CNI, t.ProxyMode)
}
