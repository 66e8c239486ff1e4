package host

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/quantity"
)

// Folder is one of this machine in which a component of a node keeps its state.
type Folder struct {
	Path string
	// Owner is the component, as in clusters.StateDir.
	Owner string
}

// remains are what an older node leaves in the folder of a component and a new one
// breaks on; an owner that is not here breaks on anything. containerd takes over the
// images that are there, and no sandbox of another node lives on.
var remains = map[string][]string{
	"containerd":  {},
	"the kubelet": {"pki", "pods", "cpu_manager_state", "memory_manager_state", "kubeadm-flags.env"},
	"kubeadm":     {"admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf", "manifests"},
}

// lostAndFound is in the root of every ext4 file system.
const lostAndFound = "lost+found"

// state looks for what an older node has left where a new one would keep its state.
func (f Facts) state(needs Needs) []Finding {
	if len(needs.Folders) == 0 {
		return nil
	}
	if !f.Local || f.Contained {
		return f.unknown("state", "whether directories for the state of nodes are empty")
	}
	var problems []string
	for _, folder := range needs.Folders {
		entries, err := os.ReadDir(folder.Path)
		if err != nil { // missing ones are a finding of their own
			continue
		}
		var found []string
		for _, entry := range entries {
			breaking, some := remains[folder.Owner]
			if entry.Name() != lostAndFound && (!some || slices.Contains(breaking, entry.Name())) {
				found = append(found, entry.Name())
			}
		}
		if len(found) > 0 {
			problems = append(problems, fmt.Sprintf("%s is not empty: it holds the state of %s of another cluster (%s)", folder.Path, folder.Owner, strings.Join(found, ", ")))
		}
	}
	if len(problems) > 0 {
		return []Finding{{ID: "state", State: Fatal, Observed: strings.Join(problems, "; "), Effect: "a new node cannot start on it",
			Fix: "choose an empty directory in the configuration, or empty this one if nothing needs it any more"}}
	}
	return []Finding{{ID: "state", State: OK, Observed: "usable for the state of nodes: " + quantity.Count(len(needs.Folders), "path")}}
}
