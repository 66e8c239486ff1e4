package host

import (
	"context"
	"fmt"
	"io/fs"
	"os"
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
	// Local says that Docker runs on this kernel, so that everything below is
	// known. For a virtual machine or another host it is not, and nothing is
	// refused for it.
	Local bool
	// FreeBytes is the room on Docker's file system.
	FreeBytes uint64
	// InotifyInstances is the kernel's limit for each user; 0 is unknown.
	InotifyInstances int
	// MissingCapabilities can never be given to a container, such as CAP_SYS_RESOURCE.
	MissingCapabilities []string
	Kernel              Kernel
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
	facts := Facts{DockerVersion: info.ServerVersion, Architecture: info.Architecture, CgroupV1: info.CgroupVersion == "1"}
	if name, known := architectures[info.Architecture]; known {
		facts.Architecture = name
	}
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return Facts{}, fmt.Errorf("uname: %w", err)
	}
	release := unix.ByteSliceToString(uname.Release[:])
	facts.Local = strings.HasPrefix(docker.DaemonHost(), "unix://") && info.KernelVersion == release
	if !facts.Local {
		return facts, nil
	}
	root := os.DirFS("/")
	if facts.MissingCapabilities, err = missingCapabilities(root); err != nil {
		return Facts{}, err
	}
	facts.Kernel = readKernel(root, release)
	facts.InotifyInstances = readNumber(root, "proc/sys/fs/inotify/max_user_instances")
	var stat unix.Statfs_t
	if err := unix.Statfs(info.DockerRootDir, &stat); err == nil {
		facts.FreeBytes = stat.Bavail * uint64(stat.Bsize) //nolint:gosec // a block size is positive
	}
	return facts, nil
}

// Lacks tells whether a capability is known to be missing.
func (f Facts) Lacks(capability string) bool {
	for _, missing := range f.MissingCapabilities {
		if missing == capability {
			return true
		}
	}
	return false
}

// comfortableInotify is the limit from which a second cluster of several nodes
// starts. With Linux's default of 128 the systemd of a node may find none left
// and die, of which kind can only say that the container is gone.
const comfortableInotify = 256

// Warnings are what may become a problem, with the way out.
func (f Facts) Warnings() (warnings []string) {
	if f.InotifyInstances > 0 && f.InotifyInstances < comfortableInotify {
		warnings = append(warnings, fmt.Sprintf("fs.inotify.max_user_instances is %d, too few for several clusters at once: sudo sysctl fs.inotify.max_user_instances=1024", f.InotifyInstances))
	}
	return warnings
}

func readNumber(root fs.FS, name string) int {
	lines := readLines(root, name)
	if len(lines) == 0 {
		return 0
	}
	number, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return 0
	}
	return number
}

func readLines(root fs.FS, name string) []string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return nil
	}
	return strings.Split(string(data), "\n")
}
