package host

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/kindctl/kindctl/pkg/hint"
)

// MinimumFreeBytes is the room that a cluster needs on Docker's file system:
// three nodes' /var, their writable layers and space to work.
const MinimumFreeBytes = 10 << 30

// Needs are what a cluster asks of the host.
type Needs struct {
	Features []Need
	Port     int // that must be free on the host; 0 is none
	Nodes    int
}

// Need is a kernel feature, and what it is for.
type Need struct {
	Feature Feature
	For     string
}

// Refuse returns one error that names everything the host cannot do, with the
// way out, or nil.
func (f Facts) Refuse(needs Needs) error {
	var problems, advice []string
	refuse := func(problem, wayOut string) {
		problems, advice = append(problems, problem), append(advice, wayOut)
	}
	if f.Lacks(SysResource) && f.Runtime == "runc" {
		refuse("this machine takes "+SysResource+" from every process, and Docker's runtime runc fails to start a node without it",
			`"make up" as root installs a runtime that leaves it out (see hack/capshim)`)
	}
	for _, need := range needs.Features {
		if f.Local && f.Kernel.Supports(need.Feature) == Absent {
			refuse(fmt.Sprintf("this kernel has no %s, which %s needs", need.Feature, need.For), need.Feature.wayOut())
		}
	}
	if f.Local && f.FreeBytes >= 0 && f.FreeBytes < MinimumFreeBytes {
		refuse(fmt.Sprintf("Docker's file system has %.1f GB free; a cluster needs %d GB", gigabytes(f.FreeBytes), MinimumFreeBytes>>30),
			"free some: docker system df, docker system prune, kindctl images prune")
	}
	if needs.Port != 0 && inUse(needs.Port) {
		refuse(fmt.Sprintf("port %d is in use", needs.Port), "choose another apiServerPort, or 0 for a free one")
	}
	if len(problems) == 0 {
		return nil
	}
	return hint.New(hint.Preflight, "HOST_UNFIT", strings.Join(problems, "\n"), strings.Join(advice, "; "))
}

// String is the feature's name for people.
func (f Feature) String() string {
	return strings.ToLower(strings.TrimPrefix(f.Option, "CONFIG_"))
}

func (f Feature) wayOut() string {
	if f.Module == "" {
		return "use a kernel that has " + f.Option
	}
	return fmt.Sprintf("install the kernel module %s, which may be in a package of its own such as linux-modules-extra, or choose another mode or CNI", f.Module)
}

// inUse tries to listen. That a port is only for root does not matter: Docker
// will open it.
func inUse(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		listener.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

func gigabytes(bytes int64) float64 { return float64(bytes) / (1 << 30) }
