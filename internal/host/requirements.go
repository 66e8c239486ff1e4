package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/kindctl/kindctl/internal/quantity"
)

// Port is a port of this machine that is published for a node.
type Port struct {
	Address  netip.Addr
	Number   int
	Protocol string // TCP, UDP or SCTP
}

// String is ADDRESS:NUMBER/PROTOCOL, with the protocol in lower case.
func (p Port) String() string {
	return net.JoinHostPort(p.Address.String(), strconv.Itoa(p.Number)) + "/" + strings.ToLower(p.Protocol)
}

// Limit is what a node may use at most; 0 is no limit.
type Limit struct {
	Node      string
	MilliCPUs int64
	Bytes     int64
}

// ports checks that the ports that were asked for are free.
func (f Facts) ports(needs Needs) []Finding {
	if len(needs.Ports) == 0 {
		return nil
	}
	if f.Contained {
		return f.unknown("ports", "whether ports of the host are free")
	}
	var problems []string
	for _, port := range needs.Ports {
		switch err := listen(port); {
		case errors.Is(err, syscall.EADDRINUSE):
			problems = append(problems, needs.at(port.String())+fmt.Sprintf("port %s is in use", port))
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			problems = append(problems, needs.at(port.String())+fmt.Sprintf("port %s: this machine has no such address", port))
		}
	}
	if len(problems) > 0 {
		return []Finding{{ID: "ports", State: Fatal, Observed: strings.Join(problems, ", "), Effect: "nodes cannot be published there",
			Fix: "choose other host ports or addresses, or stop who has them: sudo ss -lntup"}}
	}
	return []Finding{{ID: "ports", State: OK, Observed: "free for nodes: " + quantity.Count(len(needs.Ports), "port")}}
}

// listen tries to. That a port is only for root does not matter, nor a protocol
// that this process does not speak: Docker will open it.
func listen(port Port) error {
	address := net.JoinHostPort(port.Address.String(), strconv.Itoa(port.Number))
	switch port.Protocol {
	case "TCP":
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
		}
		return err
	case "UDP":
		listener, err := net.ListenPacket("udp", address)
		if err == nil {
			listener.Close()
		}
		return err
	}
	return nil
}

// mounts checks that what nodes mount exists. Docker would make directories of what does
// not.
func (f Facts) mounts(needs Needs) []Finding {
	if len(needs.Mounts) == 0 {
		return nil
	}
	if !f.Local || f.Contained {
		return f.unknown("mounts", "whether the paths that nodes mount exist")
	}
	var problems []string
	for _, path := range needs.Mounts {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, needs.at(path)+path+" does not exist")
		}
	}
	if len(problems) > 0 {
		return []Finding{{ID: "mounts", State: Fatal, Observed: strings.Join(problems, ", "), Effect: "nodes cannot mount it",
			Fix: "create it, or correct hostPath in the configuration" + beginning(needs.PathsBegin)}}
	}
	return []Finding{{ID: "mounts", State: OK, Observed: "ready for nodes to mount: " + quantity.Count(len(needs.Mounts), "path")}}
}

// beginning says where relative paths begin, if that is known.
func beginning(folder string) string {
	if folder == "" {
		return ""
	}
	return "; a relative path begins in " + folder
}

// limits compares what nodes may use with what the machine has.
func (f Facts) limits(needs Needs) []Finding {
	if len(needs.Limits) == 0 {
		return nil
	}
	if f.DockerVersion == "" {
		return f.unknown("limits", "what nodes can be limited to")
	}
	var problems []string
	lacks := map[string]bool{}
	for _, limit := range needs.Limits {
		if f.CPUs > 0 && limit.MilliCPUs > int64(f.CPUs)*1000 {
			problems = append(problems, fmt.Sprintf("%s asks for %g processors; Docker's machine has %d", limit.Node, float64(limit.MilliCPUs)/1000, f.CPUs))
		}
		if f.MachineMemoryBytes > 0 && limit.Bytes > f.MachineMemoryBytes {
			problems = append(problems, fmt.Sprintf("%s asks for %s of memory; Docker's machine has %s", limit.Node, quantity.Gigabytes(limit.Bytes), quantity.Gigabytes(f.MachineMemoryBytes)))
		}
		lacks["cpu"] = lacks["cpu"] || limit.MilliCPUs > 0
		lacks["memory"] = lacks["memory"] || limit.Bytes > 0
	}
	for _, controller := range []string{"cpu", "memory"} {
		if lacks[controller] && slices.Contains(f.MissingControllers, controller) {
			problems = append(problems, "Docker cannot limit "+controller+": it may not use this cgroup controller")
		}
	}
	if len(problems) > 0 {
		return []Finding{{ID: "limits", State: Fatal, Observed: strings.Join(problems, ", "), Effect: "nodes cannot be limited to it", Fix: "lower cpus and memory of nodes in the configuration, or leave them out"}}
	}
	return []Finding{{ID: "limits", State: OK, Observed: quantity.Count(len(needs.Limits), "node") + " can be limited"}}
}
