package host

import "fmt"

// What nodes take, measured, with room to spare. A cluster may still work with
// less, so it is only warned of.
const (
	memoryOfCluster = 2 << 30   // the control plane's processes and the CNI's operator
	memoryOfNode    = 512 << 20 // kubelet, containerd and the CNI's agent

	// systemd, kubelet, containerd and watchers in pods. With Linux's default
	// of 128 the systemd of another cluster's node finds none left and dies, of
	// which kind can only say that the container is gone.
	inotifyOfNode = 50
	inotifyOfHost = 256 // several clusters at once, or an editor beside them

	watchesOfHost = 65536 // kubelet and containerd of some nodes; old kernels allow 8192
)

// Warnings are what may become a problem for a cluster, with the way out.
func (f Facts) Warnings(needs Needs) (warnings []string) {
	if wanted := int64(max(inotifyOfHost, inotifyOfNode*needs.Nodes)); f.InotifyInstances > 0 && f.InotifyInstances < wanted {
		warnings = append(warnings, fmt.Sprintf("fs.inotify.max_user_instances is %d, too few for many nodes or several clusters: sudo sysctl fs.inotify.max_user_instances=%d", f.InotifyInstances, max(1024, wanted)))
	}
	if f.InotifyWatches > 0 && f.InotifyWatches < watchesOfHost {
		warnings = append(warnings, fmt.Sprintf("fs.inotify.max_user_watches is %d, too few for several nodes: sudo sysctl fs.inotify.max_user_watches=524288", f.InotifyWatches))
	}
	if wanted := int64(memoryOfCluster + memoryOfNode*needs.Nodes); f.MemoryBytes > 0 && f.MemoryBytes < wanted {
		warnings = append(warnings, fmt.Sprintf("%.1f GB of memory are available; %d nodes want %.1f GB, and without it processes may be killed: use fewer nodes (--workers) or stop something", gigabytes(f.MemoryBytes), needs.Nodes, gigabytes(wanted)))
	}
	return warnings
}
