package instant

import (
	"time"

	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// SchemaVersion is that of Result as JSON. It grows when a property goes or changes its meaning.
const SchemaVersion = 1

// Result is all that was measured.
type Result struct {
	SchemaVersion int             `json:"schemaVersion"`
	Started       time.Time       `json:"started"`
	Machine       compare.Machine `json:"machine"`
	Nodes         int             `json:"nodes"`
	Cases         []*Case         `json:"cases"`
}

// Case is what was measured with a CNI and a mode of kube-proxy.
type Case struct {
	CNI       string `json:"cni"`
	ProxyMode string `json:"proxyMode"`
	// Takes are from the pool, in order.
	Takes []Take `json:"takes"`
	// Frozen is a cluster in the pool; nil was not measured.
	Frozen *Frozen `json:"frozen,omitempty"`
	// Commands are those beside the pool, each as often as there were rounds. Not every case has
	// them.
	Commands []Command `json:"commands,omitempty"`
	// ArchiveBytes is the size of the file of a snapshot of a new cluster; 0 was not measured.
	ArchiveBytes int64 `json:"archiveBytes,omitempty"`
}

// Take is a cluster that was taken from the pool.
type Take struct {
	lab.Spent
	// Verified says that all checks passed afterwards.
	Verified bool `json:"verified"`
	// Error is why there is no measure, or what failed afterwards.
	Error string `json:"error,omitempty"`
}

// Frozen is what a cluster of the pool takes while no one uses it.
type Frozen struct {
	// CPUPerMinute is the processor time of its nodes, in seconds.
	CPUPerMinute float64 `json:"cpuSecondsPerMinute"`
	// Nodes is how many it has.
	Nodes int `json:"nodes"`
	// MemoryBytes is what it kept when it was frozen; 0 is unknown.
	MemoryBytes int64 `json:"memoryBytes"`
}

// Command is one that ends with a verified cluster, and every time that it was run.
type Command struct {
	// Name is the command without its arguments: "up", "reset", "up --from", "start".
	Name string `json:"name"`
	Runs []Run  `json:"runs"`
}

// Run is one of a command.
type Run struct {
	lab.Spent
	// Error is why there is no measure.
	Error string `json:"error,omitempty"`
}

// Counted are the takes that have measures.
func (c *Case) Counted() (seconds, cpu []float64, verified int) {
	for _, take := range c.Takes {
		if take.Seconds > 0 {
			seconds, cpu = append(seconds, take.Seconds), append(cpu, take.CPU.Total())
		}
		if take.Verified {
			verified++
		}
	}
	return seconds, cpu, verified
}

// Counted are the runs that have measures.
func (c Command) Counted() (seconds, cpu []float64) {
	for _, run := range c.Runs {
		if run.Error == "" {
			seconds, cpu = append(seconds, run.Seconds), append(cpu, run.CPU.Total())
		}
	}
	return seconds, cpu
}

// Failures are those of all cases, in words.
func (r *Result) Failures() (failures []string) {
	for _, c := range r.Cases {
		for _, take := range c.Takes {
			if take.Error != "" {
				failures = append(failures, c.Title()+", take: "+take.Error)
			}
		}
		for _, command := range c.Commands {
			for _, run := range command.Runs {
				if run.Error != "" {
					failures = append(failures, c.Title()+", "+command.Name+": "+run.Error)
				}
			}
		}
	}
	return failures
}

// Title names the case.
func (c *Case) Title() string { return c.CNI + ", " + c.ProxyMode }
