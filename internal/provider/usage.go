package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Usage is what the containers of a cluster have used since they were made.
type Usage struct {
	// CPU is their processor time, all together.
	CPU time.Duration
	// PeakMemory is the sum of what each had at most, in bytes, with its caches of
	// files; 0 is unknown.
	PeakMemory int64
}

// Usage adds up the containers of a cluster: by the kernel's own accounts where
// they can be read here, else by what Docker says, which on cgroup v2 has no
// peak of memory.
func (c Cluster) Usage(ctx context.Context) (Usage, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Usage{}, err
	}
	var sum Usage
	peaks := true
	for _, n := range nodes {
		one, read := readUsage(os.DirFS("/"), n.pid, n.id)
		if !read {
			if one, err = n.statistics(ctx); err != nil {
				return Usage{}, err
			}
		}
		sum.CPU += one.CPU
		sum.PeakMemory += one.PeakMemory
		peaks = peaks && one.PeakMemory > 0
	}
	if !peaks { // a part would pass for the whole
		sum.PeakMemory = 0
	}
	return sum, nil
}

// readUsage reads the accounts of a container, whose first process has a number
// on this machine, and false when they are not to be found: then Docker runs
// elsewhere, and the number is another process's or no one's.
func readUsage(root fs.FS, pid int, id string) (usage Usage, read bool) {
	listed, err := fs.ReadFile(root, fmt.Sprintf("proc/%d/cgroup", pid))
	if err != nil {
		return Usage{}, false
	}
	for line := range strings.Lines(string(listed)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		above, _, is := strings.Cut(fields[2], id)
		if !is { // not that container, or not below it
			continue
		}
		// systemd names its unit docker-ID.scope; inside are the container's own.
		unit, _, _ := strings.Cut(strings.TrimPrefix(fields[2], above), "/")
		dir := above + unit
		for controller := range strings.SplitSeq(fields[1], ",") {
			switch controller {
			case "cpuacct":
				usage.CPU, read = time.Duration(account(root, "cpuacct", dir, "cpuacct.usage", "")), true
			case "memory":
				usage.PeakMemory = account(root, "memory", dir, "memory.max_usage_in_bytes", "")
			case "": // cgroup v2, which beside version 1 has no controllers
				if usec := account(root, "", dir, "cpu.stat", "usage_usec "); usec > 0 && !read {
					usage.CPU, read = time.Duration(usec)*time.Microsecond, true
					usage.PeakMemory = account(root, "", dir, "memory.peak", "")
				}
			}
		}
	}
	return usage, read && usage.CPU > 0
}

// account reads a number of a cgroup, from the line with the prefix; 0 is unknown.
func account(root fs.FS, controller, dir, file, prefix string) int64 {
	data, err := fs.ReadFile(root, path.Join("sys/fs/cgroup", controller, dir, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if text, is := strings.CutPrefix(line, prefix); is {
			number, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return number
		}
	}
	return 0
}

// statistics asks Docker.
func (n *Node) statistics(ctx context.Context) (Usage, error) {
	answer, err := n.docker.api.ContainerStats(ctx, n.Name, client.ContainerStatsOptions{})
	if err != nil {
		return Usage{}, fmt.Errorf("statistics of %s: %w", n.Name, err)
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		return Usage{}, fmt.Errorf("statistics of %s: %w", n.Name, err)
	}
	cpu, peak := stats.CPUStats.CPUUsage.TotalUsage, stats.MemoryStats.MaxUsage
	return Usage{CPU: time.Duration(cpu), PeakMemory: int64(peak)}, nil //nolint:gosec // far below
}
