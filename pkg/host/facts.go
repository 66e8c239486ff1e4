package host

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// Facts are what kindctl needs to know of the machine that runs the nodes.
type Facts struct {
	DockerVersion string
	Architecture  string // in Go's words: amd64
	CgroupV1      bool
	// Runtime is what Docker starts containers with: runc.
	Runtime string
	// Local says that Docker runs on this kernel, so that everything below is
	// known. For a virtual machine or another host it is not, and nothing is
	// refused for it.
	Local bool
	// FreeBytes is the room on Docker's file system; negative is unknown.
	FreeBytes int64
	// MemoryBytes is what the kernel could give to new processes; 0 is unknown.
	MemoryBytes int64
	// InotifyInstances and InotifyWatches are the kernel's limits for each
	// user; 0 is unknown.
	InotifyInstances, InotifyWatches int64
	// MissingCapabilities can never be given to a container, such as CAP_SYS_RESOURCE.
	MissingCapabilities []string
	Kernel              Kernel
}

// String is a line for people.
func (f Facts) String() string {
	cgroup := 2
	if f.CgroupV1 {
		cgroup = 1
	}
	line := fmt.Sprintf("Docker %s, %s, cgroup v%d", f.DockerVersion, f.Architecture, cgroup)
	if !f.Local {
		line += ", on a kernel that is not this one and is trusted to be capable"
	}
	return line
}

// architectures translates Docker's names, which are the kernel's, into Go's.
var architectures = map[string]string{"x86_64": "amd64", "aarch64": "arm64"}

// Probe collects the facts about the engine's machine.
func Probe(ctx context.Context, docker *client.Client) (Facts, error) {
	result, err := docker.Info(ctx, client.InfoOptions{})
	if err != nil {
		return Facts{}, fmt.Errorf("docker info: %w", err)
	}
	info := result.Info
	facts := Facts{
		DockerVersion: info.ServerVersion, Architecture: info.Architecture, Runtime: info.DefaultRuntime,
		CgroupV1:  info.CgroupVersion != "2", // engines that know no version 2 say nothing
		FreeBytes: -1,
	}
	if name, known := architectures[info.Architecture]; known {
		facts.Architecture = name
	}
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return Facts{}, fmt.Errorf("uname: %w", err)
	}
	release := unix.ByteSliceToString(uname.Release[:])
	socket, onSocket := strings.CutPrefix(docker.DaemonHost(), "unix://")
	facts.Local = onSocket && info.KernelVersion == release
	if !facts.Local {
		return facts, nil
	}
	root := os.DirFS("/")
	if facts.MissingCapabilities, err = missingCapabilities(root, daemon(socket)); err != nil {
		return Facts{}, err
	}
	facts.Kernel = readKernel(root, release)
	facts.InotifyInstances = readNumber(root, "proc/sys/fs/inotify/max_user_instances")
	facts.InotifyWatches = readNumber(root, "proc/sys/fs/inotify/max_user_watches")
	facts.MemoryBytes = readMemory(root)
	var stat unix.Statfs_t
	if err := unix.Statfs(info.DockerRootDir, &stat); err == nil {
		facts.FreeBytes = int64(stat.Bavail) * int64(stat.Bsize) //nolint:gosec,unconvert // file systems are smaller; types differ by system
	}
	return facts, nil
}

// Lacks tells whether a capability is known to be missing.
func (f Facts) Lacks(capability string) bool {
	return slices.Contains(f.MissingCapabilities, capability)
}

func readNumber(root fs.FS, name string) int64 {
	lines := readLines(root, name)
	if len(lines) == 0 {
		return 0
	}
	number, err := strconv.ParseInt(strings.TrimSpace(lines[0]), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// readMemory reads what the kernel calls available: free, or caches that it
// can give up.
func readMemory(root fs.FS) int64 {
	for _, line := range readLines(root, "proc/meminfo") {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	return 0
}

func readLines(root fs.FS, name string) []string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return nil
	}
	return strings.Split(string(data), "\n")
}
