package host

import (
	"slices"

	"github.com/kindctl/kindctl/pkg/hint"
)

// State says what a finding means for a cluster.
type State string

// The states.
const (
	OK         State = "ok"
	Warning    State = "warning" // a cluster may fail or suffer, now or later
	Fatal      State = "fatal"   // no cluster can be made
	Unobserved State = "unknown" // it could not be seen, and is not held against the host
)

// Finding is one thing about the host that matters for a cluster.
type Finding struct {
	// ID is stable, such as inotify.instances.
	ID    string `json:"id"`
	State State  `json:"state"`
	// Observed is what was found, Effect what follows from it, and Fix what to do
	// about it, a command where there is one. A finding that is well may have
	// an effect worth knowing, and then a fix for those whom it concerns.
	Observed string `json:"seen"`
	Effect   string `json:"effect,omitempty"`
	Fix      string `json:"fix,omitempty"`

	setting *setting // that Repair raises; nil when nothing may be changed
}

// text is the finding as a sentence, without its fix.
func (f Finding) text() string {
	if f.Effect == "" {
		return f.Observed
	}
	return f.Observed + ": " + f.Effect
}

// Broken is the fatal finding that an error stands for, with the error's advice.
func Broken(id string, err error) Finding {
	return Finding{ID: id, State: Fatal, Observed: err.Error(), Effect: "no cluster can be made", Fix: hint.AdviceOf(err)}
}

// Findings are all that is known of the host, measured by what a cluster needs.
// What is refused and what is warned of before a cluster is made comes from
// this list alone.
func (f Facts) Findings(needs Needs) (all []Finding) {
	for _, look := range []func(Needs) []Finding{
		f.engine, f.cgroup, f.capabilities, f.memory, f.disk, f.inotify, f.files, f.features,
		f.port, f.ports, f.mounts, f.state, f.limits, f.proxy, f.authorities, f.clock,
	} {
		all = append(all, look(needs)...)
	}
	for i, found := range all {
		if found.State == Fatal && (slices.Contains(needs.Ignored, found.ID) || slices.Contains(needs.Ignored, IgnoreAll)) {
			all[i].State = Warning
		}
	}
	return all
}

// unknown is a finding on something that could not be looked at.
func (f Facts) unknown(id, what string) []Finding {
	why := "the kernel does not say"
	switch {
	case f.Contained:
		why = "kindctl runs in a container"
	case f.DockerError != nil:
		why = "Docker does not answer"
	case !f.Local:
		why = "Docker runs on a kernel that is not this one"
	}
	return []Finding{{ID: id, State: Unobserved, Observed: what + " is not known: " + why}}
}
