package compare

import (
	"slices"
	"time"
)

// SchemaVersion is that of Result as JSON. It grows when a property goes or
// changes its meaning.
const SchemaVersion = 1

// Result is all that a benchmark has seen, and what follows from it.
type Result struct {
	SchemaVersion int       `json:"schemaVersion"`
	Started       time.Time `json:"started"`
	Machine       Machine   `json:"machine"`
	Cases         []*Case   `json:"cases"`
	Growth        []Growth  `json:"growth,omitempty"`
}

// Machine is where it ran.
type Machine struct {
	// Kindctl is the version of the program.
	Kindctl      string `json:"kindctl"`
	Docker       string `json:"docker"`
	Architecture string `json:"architecture"`
	CPUs         int    `json:"cpus"`
	MemoryBytes  int64  `json:"memoryBytes"`
	// Cgroup is the version of cgroups, 1 or 2.
	Cgroup int `json:"cgroup"`
	// Load is the load average of the last minute for each processor, before the
	// first run; nil is unknown.
	Load *float64 `json:"load,omitempty"`
}

// Case is a kind of cluster, and every run that made one, in order.
type Case struct {
	CNI   string `json:"cni"`
	Nodes int    `json:"nodes"`
	// Image is the node image, the same for all arms.
	Image string `json:"image"`
	// Arms are in the order in which they were named; the first is the one that
	// the others are compared with.
	Arms    []Settings `json:"arms"`
	Runs    []Trial    `json:"runs"`
	Summary []Summary  `json:"summary"`
}

// Settings say, a line each, what an arm was told and what it does by default.
type Settings struct {
	Arm      string   `json:"arm"`
	Settings []string `json:"settings"`
}

// Trial is one cluster that was made.
type Trial struct {
	Arm string `json:"arm"`
	// Round is the one that the run belongs to; round 0 warms up.
	Round   int       `json:"round"`
	Started time.Time `json:"started"`
	Measures
	// Error is why there are no measures; such a run counts for nothing.
	Error string `json:"error,omitempty"`
}

// Measures are what a run took.
type Measures struct {
	// Done is when the arm said that it was done, Finish when the test had seen
	// that the cluster works, both in seconds since the arm's command was started.
	Done   float64 `json:"doneSeconds"`
	Finish float64 `json:"finishSeconds"`
	// CPU is what it took up to Finish.
	CPU CPU `json:"cpuSeconds"`
	// PeakMemory is the sum of the most that each node's container had, in bytes,
	// with its caches of files; 0 is unknown.
	PeakMemory int64 `json:"peakMemoryBytes,omitempty"`
}

// CPU is processor time in seconds, by who used it.
type CPU struct {
	// Nodes are the containers that are the nodes, with all that runs in them.
	Nodes float64 `json:"nodes"`
	// Daemons are dockerd, containerd and its shims; nil where they cannot be seen.
	Daemons *float64 `json:"daemons,omitempty"`
	// Client is the arm's command with what it started, such as docker.
	Client float64 `json:"client"`
	// Machine is everything that ran on the machine in that time, the test and the
	// kernel's own threads included; nil is unknown. It is a check on the others.
	Machine *float64 `json:"machine,omitempty"`
}

// Total is what making the cluster took, as far as it is known: all but Machine.
func (c CPU) Total() float64 {
	total := c.Nodes + c.Client
	if c.Daemons != nil {
		total += *c.Daemons
	}
	return total
}

// Counted are the runs of an arm that count: neither the warm-up nor failures.
func (c *Case) Counted(arm string) (runs []Trial) {
	for _, run := range c.Runs {
		if run.Arm == arm && run.Round > 0 && run.Error == "" {
			runs = append(runs, run)
		}
	}
	return runs
}

// Failed are the runs that failed.
func (r *Result) Failed() (runs []Trial) {
	for _, c := range r.Cases {
		for _, run := range c.Runs {
			if run.Error != "" {
				runs = append(runs, run)
			}
		}
	}
	return runs
}

// CNIs are those that were measured, in order.
func (r *Result) CNIs() (names []string) {
	for _, c := range r.Cases {
		if !slices.Contains(names, c.CNI) {
			names = append(names, c.CNI)
		}
	}
	return names
}
