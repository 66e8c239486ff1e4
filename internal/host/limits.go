package host

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const (
	// systemd, kubelet, containerd and watchers in pods. With Linux's default
	// of 128 the systemd of another cluster's node finds none left and dies, of
	// which kind can only say that the container is gone.
	inotifyOfNode = 50
	inotifyOfHost = 256 // several clusters at once, or an editor beside them

	watchesOfHost = 65536 // kubelet and containerd of some nodes; old kernels allow 8192

	// What the settings are raised to, at least.
	goodInstances, goodWatches = 1024, 524288

	// filesOfNode are the files that a node's processes hold open, measured,
	// with room to spare.
	filesOfNode = 4096
	// goodFiles is what fs.file-max is raised by.
	goodFiles = 1 << 20
	// leastOpenFiles is Linux's own hard limit for a process (INR_OPEN_MAX in
	// linux/fs.h); someone must have lowered it to come below.
	leastOpenFiles = 4096
)

// setting is a kernel setting that is safe to raise: it allows more and changes
// nothing else.
type setting struct {
	name  string // as sysctl has it
	value int64
}

func (s setting) fix() string { return fmt.Sprintf("sudo sysctl %s=%d", s.name, s.value) }

func (f Facts) inotify(needs Needs) []Finding {
	instances := limit{"inotify.instances", "fs.inotify.max_user_instances", f.InotifyInstances, int64(max(inotifyOfHost, inotifyOfNode*needs.Nodes)), goodInstances,
		"too few for many nodes or several clusters, whose systemd dies when it finds none left"}
	watches := limit{"inotify.watches", "fs.inotify.max_user_watches", f.InotifyWatches, watchesOfHost, goodWatches,
		"too few for several nodes, whose kubelets do not notice changes when none is left"}
	return append(f.evaluate(instances), f.evaluate(watches)...)
}

// limit is a setting with what is wanted of it, and what follows from less.
type limit struct {
	id, name          string
	is, wanted, raise int64
	effect            string
}

func (f Facts) evaluate(l limit) []Finding {
	if l.is == 0 {
		return f.unknown(l.id, l.name)
	}
	finding := Finding{ID: l.id, State: OK, Observed: fmt.Sprintf("%s is %d", l.name, l.is)}
	if l.is < l.wanted {
		raise := setting{l.name, max(l.raise, l.wanted)}
		finding.State, finding.Effect, finding.Fix, finding.setting = Warning, l.effect, raise.fix(), &raise
	}
	return []Finding{finding}
}

// files looks at what all processes, and one of Docker's, may hold open.
func (f Facts) files(needs Needs) []Finding {
	if f.FilesMax == 0 {
		return append(f.unknown("files.host", "fs.file-max"), f.openFiles()...)
	}
	finding := Finding{ID: "files.host", State: OK, Observed: fmt.Sprintf("%d files are open on this machine; fs.file-max is %d", f.FilesOpen, f.FilesMax)}
	if wanted := int64(filesOfNode * max(needs.Nodes, 1)); f.FilesMax-f.FilesOpen < wanted {
		raise := setting{"fs.file-max", f.FilesOpen + wanted + goodFiles}
		finding.State, finding.Effect, finding.Fix, finding.setting = Warning, "nodes may find no file left to open", raise.fix(), &raise
	}
	return append([]Finding{finding}, f.openFiles()...)
}

func (f Facts) openFiles() []Finding {
	if f.OpenFiles == 0 {
		return f.unknown("files.docker", "how many files Docker's processes may open")
	}
	finding := Finding{ID: "files.docker", State: OK, Observed: fmt.Sprintf("Docker's daemon may open %d files", f.OpenFiles)}
	if f.OpenFiles < leastOpenFiles {
		finding.State, finding.Effect = Warning, "containers inherit it, and etcd and the API server fail when none is left"
		finding.Fix = `raise LimitNOFILE: sudo systemctl edit docker; or "default-ulimits" in /etc/docker/daemon.json`
	}
	return []Finding{finding}
}

// readOpenFiles reads the hard limit of files that the engine's process may
// open; 0 is unknown, also when another process listens on its behalf.
func readOpenFiles(root fs.FS, process string) int64 {
	if name := readLines(root, path.Join("proc", process, "comm")); process == "" || len(name) == 0 || name[0] != "dockerd" {
		return 0
	}
	for _, line := range readLines(root, path.Join("proc", process, "limits")) {
		var soft, hard string
		if n, _ := fmt.Sscanf(line, "Max open files %s %s", &soft, &hard); n == 2 {
			number, _ := strconv.ParseInt(hard, 10, 64)
			return number
		}
	}
	return 0
}

// readFiles reads how many files all processes hold open, and may.
func readFiles(root fs.FS) (open, most int64) {
	lines := readLines(root, "proc/sys/fs/file-nr")
	if len(lines) == 0 {
		return 0, 0
	}
	var unused int64
	if _, err := fmt.Sscan(strings.TrimSpace(lines[0]), &open, &unused, &most); err != nil {
		return 0, 0
	}
	return open, most
}
