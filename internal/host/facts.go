package host

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Facts are what kindctl needs to know of the machine that runs the nodes.
type Facts struct {
	DockerVersion string
	Architecture  string // in Go's words: amd64
	CgroupV1      bool
	// Runtime is what Docker starts containers with: runc.
	Runtime string
	// Rootless says that Docker runs without root's rights.
	Rootless bool
	// MissingControllers are the cgroup controllers that containers cannot have.
	MissingControllers []string
	// DataDir is where Docker keeps images and containers.
	DataDir string
	// StorageDriver is how Docker keeps file systems: overlay2, or overlayfs in
	// containerd's store.
	StorageDriver string
	// CPUs are the processors of Docker's machine; 0 is unknown.
	CPUs int
	// MachineMemoryBytes is all memory of Docker's machine; 0 is unknown.
	MachineMemoryBytes int64
	// ClockAhead is how far Docker's clock is ahead of this one, as far as the
	// time that the answer took allows; nil is unknown.
	ClockAhead *time.Duration
	// Proxies are those of the environment. Authorities are
	// files, and folders with a slash at their end, of certificates that this
	// machine trusts beyond the usual ones.
	Proxies     []Proxy
	Authorities []string
	// Local says that Docker runs on this kernel, so that everything below is
	// known. For a virtual machine or another host it is not, and nothing is
	// refused for it.
	Local bool
	// Contained says that this process runs in a container of that Docker: its files
	// and ports are not those of the host.
	Contained bool
	// FreeBytes is the room on Docker's file system; negative is unknown.
	FreeBytes int64
	// MemoryBytes is what the kernel could give to new processes; 0 is unknown.
	MemoryBytes int64
	// InotifyInstances and InotifyWatches are the kernel's limits for each
	// user; 0 is unknown.
	InotifyInstances, InotifyWatches int64
	// FilesOpen and FilesMax count for all processes together; a maximum of 0 is
	// unknown. OpenFiles is how many Docker's daemon may open; 0 is unknown.
	FilesOpen, FilesMax, OpenFiles int64
	// Bounding is the capability bounding set of Docker's daemon, in
	// hexadecimal; "" is unknown.
	Bounding string
	// MissingCapabilities can never be given to a container, such as CAP_SYS_RESOURCE.
	MissingCapabilities []string
	Kernel              Kernel

	// DockerError is why Docker could not be asked, or nil.
	DockerError error
}

// FactsWithoutDocker are the facts about a host whose Docker cannot be asked.
func FactsWithoutDocker(dockerError error) Facts {
	return Facts{DockerError: dockerError, FreeBytes: -1}.withEnvironment()
}

// withEnvironment adds what does not depend on Docker.
func (f Facts) withEnvironment() Facts {
	f.Proxies = proxies(os.Getenv)
	f.Authorities = authorities(os.DirFS("/"), os.Getenv)
	return f
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
	asked := time.Now()
	result, err := docker.Info(ctx, client.InfoOptions{})
	if err != nil {
		return Facts{}, fmt.Errorf("docker info: %w", err)
	}
	info := result.Info
	facts := Facts{
		DockerVersion: info.ServerVersion, Architecture: info.Architecture, Runtime: info.DefaultRuntime,
		CgroupV1: info.CgroupVersion != "2", // engines that know no version 2 say nothing
		Rootless: rootless(info.SecurityOptions), MissingControllers: missingControllers(info),
		DataDir: info.DockerRootDir, StorageDriver: info.Driver, CPUs: info.NCPU, MachineMemoryBytes: info.MemTotal,
		ClockAhead: clockAhead(info.SystemTime, asked, time.Now()),
		FreeBytes:  -1,
	}.withEnvironment()
	if name, known := architectures[info.Architecture]; known {
		facts.Architecture = name
	}
	release, err := kernelRelease()
	if err != nil {
		return Facts{}, fmt.Errorf("uname: %w", err)
	}
	socket, onSocket := strings.CutPrefix(docker.DaemonHost(), "unix://")
	facts.Local = onSocket && info.KernelVersion == release
	if !facts.Local {
		return facts, nil
	}
	root := os.DirFS("/")
	process := daemon(socket)
	if facts.Bounding, facts.MissingCapabilities, err = missingCapabilities(root, process); err != nil {
		return Facts{}, err
	}
	facts.Kernel = readKernel(root, release)
	facts.InotifyInstances = readNumber(root, "proc/sys/fs/inotify/max_user_instances")
	facts.InotifyWatches = readNumber(root, "proc/sys/fs/inotify/max_user_watches")
	facts.FilesOpen, facts.FilesMax = readFiles(root)
	facts.OpenFiles = readOpenFiles(root, process)
	facts.MemoryBytes = readMemory(root)
	facts.FreeBytes = freeBytes(info.DockerRootDir)
	return facts, nil
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
