package host

import (
	"fmt"

	"github.com/kindctl/kindctl/internal/quantity"
)

// MinimumFreeBytes is the room that a cluster needs on Docker's file system:
// three nodes' /var, their writable layers and space to work.
const MinimumFreeBytes = 10 << 30

// What nodes take, measured, with room to spare. A cluster may still work with
// less, so it is only warned of.
const (
	memoryOfCluster = 2 << 30   // the control plane's processes and the CNI's operator
	memoryOfNode    = 512 << 20 // kubelet, containerd and the CNI's agent
)

// MemoryOf is what a cluster of so many nodes takes, in bytes.
func MemoryOf(nodes int) int64 { return memoryOfCluster + memoryOfNode*int64(nodes) }

// memory compares what is available with what the nodes take. Of another
// machine only the whole is known.
func (f Facts) memory(needs Needs) []Finding {
	bytes, kind := f.MemoryBytes, "are available"
	if bytes == 0 {
		bytes, kind = f.MachineMemoryBytes, "are all that Docker's machine has"
	}
	if bytes == 0 {
		return f.unknown("memory", "the memory that is available")
	}
	wanted := MemoryOf(needs.Nodes)
	finding := Finding{ID: "memory", State: OK,
		Observed: fmt.Sprintf("%s of memory %s; %s %s", quantity.Gigabytes(bytes), kind, nodesWant(needs.Nodes), quantity.Gigabytes(wanted))}
	if bytes < wanted {
		finding.State, finding.Effect, finding.Fix = Warning, "processes may be killed", "use fewer nodes (--workers) or stop something"
	}
	return []Finding{finding}
}

func nodesWant(nodes int) string {
	if nodes == 1 {
		return "1 node wants"
	}
	return fmt.Sprintf("%d nodes want", nodes)
}

// disk looks at the file system where Docker keeps its data.
func (f Facts) disk(Needs) []Finding {
	if !f.Local || f.FreeBytes < 0 {
		return f.unknown("disk", "the room on Docker's file system")
	}
	place := "Docker's file system"
	if f.DataDir != "" {
		place += " (" + f.DataDir + ")"
	}
	finding := Finding{ID: "disk", State: OK, Observed: fmt.Sprintf("%s has %s free; a cluster needs %d GB", place, quantity.Gigabytes(f.FreeBytes), MinimumFreeBytes>>30)}
	if f.FreeBytes < MinimumFreeBytes {
		finding.State, finding.Effect = Fatal, "nodes would run full, and a full node evicts its pods"
		finding.Fix = "free some: docker system df, docker system prune, kindctl images prune; a small cluster may do with less: --ignore-preflight-errors disk"
	}
	return []Finding{finding}
}
