package kindctl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/wiring"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Finding is one thing about the host that a cluster depends on.
type Finding = host.Finding

// FindingState says what a finding means for a cluster: "ok", "warning", "fatal", or
// "unknown" where it could not be observed.
type FindingState = host.State

// DoctorOptions say which cluster the host is examined for.
type DoctorOptions struct {
	// Topology is the cluster.
	Topology clusters.Topology
	// Everything also looks for what other CNIs, proxy modes and modes of fidelity need.
	Everything bool
	// Kubeconfig is the file that Up would change; "" means KUBECONFIG or the default
	// file.
	Kubeconfig string
	// IgnorePreflightErrors are those of UpOptions.
	IgnorePreflightErrors []string
	// Fix raises kernel limits that are too low, until the next reboot.
	Fix bool
}

// HostReport is what Doctor found.
type HostReport struct {
	// Fit says that the cluster can be created here: nothing is fatal.
	Fit bool `json:"fit"`
	// Cluster is a few words about the cluster.
	Cluster  string    `json:"cluster"`
	Findings []Finding `json:"findings"`
	Repairs  []Repair  `json:"repairs,omitempty"`

	docker error // why Docker cannot be used
	failed error // what could not be fixed
}

// Repair is what DoctorOptions.Fix did, or why it could not.
type Repair struct {
	ID    string `json:"id"`
	Done  string `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

// Count returns how many findings are in a state.
func (r HostReport) Count(state FindingState) (n int) {
	for _, finding := range r.Findings {
		if finding.State == state {
			n++
		}
	}
	return n
}

// Err returns nil for a host that is fit and, with DoctorOptions.Fix, got all fixes.
func (r HostReport) Err() error {
	switch {
	case r.Fit:
		return r.failed
	case r.docker != nil:
		return errors.Join(r.docker, r.failed)
	}
	return errors.Join(hint.HostUnfit.New("this host cannot run the cluster: "+quantity.Count(r.Count(host.Fatal), "fatal finding"),
		"apply the fixes above, or ask for another cluster"), r.failed)
}

// Doctor examines Docker, its host and the kubeconfig for what keeps Up from creating a
// cluster. Findings are no error: see HostReport.Err.
func (c *Client) Doctor(ctx context.Context, o DoctorOptions) (HostReport, error) {
	read := Needs
	if o.Everything {
		read = possibleNeeds
	}
	needs, err := read(o.Topology)
	if err != nil {
		return HostReport{}, err
	}
	needs.Ignored = o.IgnorePreflightErrors
	report, err := c.examine(ctx, o, needs)
	if err != nil || !o.Fix {
		return report, err
	}
	repairs, failed := repair(report.Findings)
	if slices.ContainsFunc(repairs, func(r Repair) bool { return r.Done != "" }) {
		if report, err = c.examine(ctx, o, needs); err != nil { // the kernel says what it made of it
			return report, err
		}
	}
	report.Repairs, report.failed = repairs, failed
	return report, nil
}

// examine collects the findings: the host's, those on what the CNI is installed from,
// and those on the kubeconfig.
func (c *Client) examine(ctx context.Context, o DoctorOptions, needs host.Needs) (HostReport, error) {
	report := HostReport{Cluster: Shape(o.Topology)}
	facts, source := host.Facts{}, []Finding(nil)
	docker, err := c.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return report, err
		}
		report.docker, facts = err, host.FactsWithoutDocker(err)
	} else {
		if facts, err = host.Probe(ctx, docker.Client()); err != nil {
			return report, err
		}
		if source, err = bootstrap.Source(ctx, docker, wiring.Dependencies(o.Topology, "", event.Discard), o.Topology, facts); err != nil {
			return report, err
		}
	}
	report.Findings = append(facts.Findings(needs), source...)
	if docker != nil {
		finding, err := c.poolFinding(ctx, o.Topology, facts)
		if err != nil {
			return report, err
		}
		report.Findings = append(report.Findings, finding)
	}
	kubeconfig := Finding{ID: "kubeconfig", State: host.OK, Observed: "the kubeconfig can be changed"}
	if err := provider.CheckKubeconfig(ctx, o.Kubeconfig); err != nil {
		kubeconfig = host.Broken("kubeconfig", err)
	}
	report.Findings = append(report.Findings, kubeconfig)
	report.Fit = report.Count(host.Fatal) == 0
	return report, nil
}

// repair applies the fixes that are safe. Its error names what could not be done.
func repair(findings []Finding) (repairs []Repair, err error) {
	for _, finding := range findings {
		if !finding.Repairable() {
			continue
		}
		done, failure := finding.Repair()
		result := Repair{ID: finding.ID, Done: done}
		if failure != nil {
			result.Error = failure.Error()
			err = errors.Join(err, failure)
		}
		repairs = append(repairs, result)
	}
	return repairs, err
}

// Shape describes a topology in a few words.
func Shape(t clusters.Topology) string {
	return fmt.Sprintf(
		"%s, %s, CNI %s, proxy mode %s", quantity.Count(t.ControlPlanes, "control plane"), quantity.Count(t.Workers, "worker"), t.CNI, t.ProxyMode,
	)
}
