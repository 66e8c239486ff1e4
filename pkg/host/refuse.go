package host

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// MinimumFreeBytes is the room that a cluster needs on Docker's file system:
// three nodes' /var, their writable layers and space to work.
const MinimumFreeBytes = 10 << 30

// Needs are what a cluster asks of the host.
type Needs struct {
	Features map[Feature]string // and what each is for
	Port     int                // that must be free on the host; 0 is none
}

// Refuse returns one error that names everything the host cannot do, with the
// way out, or nil.
func (f Facts) Refuse(needs Needs) error {
	var problems, advice []string
	for feature, purpose := range needs.Features {
		if f.Local && f.Kernel.Supports(feature) == Absent {
			name := strings.TrimPrefix(feature.Option, "CONFIG_")
			problems = append(problems, fmt.Sprintf("this kernel has no %s, which %s needs", strings.ToLower(name), purpose))
			if feature.Module != "" {
				advice = append(advice, fmt.Sprintf("load it (modprobe %s) if your distribution ships it, or choose another mode", feature.Module))
			}
		}
	}
	if f.Local && f.FreeBytes > 0 && f.FreeBytes < MinimumFreeBytes {
		problems = append(problems, fmt.Sprintf("Docker's file system has %.1f GB free; a cluster needs %d GB", float64(f.FreeBytes)/(1<<30), MinimumFreeBytes>>30))
		advice = append(advice, "free some: docker system df, docker system prune, kindctl images prune")
	}
	if needs.Port != 0 {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(needs.Port)))
		if err != nil {
			problems = append(problems, fmt.Sprintf("port %d cannot be had: %v", needs.Port, err))
			advice = append(advice, "choose another API server port, or 0 for a free one")
		} else {
			listener.Close()
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return hint.New(hint.Preflight, "HOST_UNFIT", strings.Join(problems, "\n"), strings.Join(advice, "; "))
}
