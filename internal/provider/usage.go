package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
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
	stats, err := n.readStatistics(ctx)
	cpu, peak := stats.CPUStats.CPUUsage.TotalUsage, stats.MemoryStats.MaxUsage
	return Usage{CPU: time.Duration(cpu), PeakMemory: int64(peak)}, err //nolint:gosec // far below
}

func (n *Node) readStatistics(ctx context.Context) (stats container.StatsResponse, err error) {
	answer, err := n.docker.api.ContainerStats(ctx, n.Name, client.ContainerStatsOptions{})
	if err != nil {
		return stats, fmt.Errorf("statistics of %s: %w", n.Name, err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		return stats, fmt.Errorf("statistics of %s: %w", n.Name, err)
	}
	return stats, nil
}

// Memory adds up what the containers of a cluster keep of memory, in bytes, without files that
// the kernel can read again, as docker stats does; 0 is unknown.
func (c Cluster) Memory(ctx context.Context) (bytes int64, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return 0, err
	}
	var group errgroup.Group
	each := make([]int64, len(nodes))
	for i, n := range nodes {
		group.Go(func() error {
			stats, err := n.readStatistics(ctx)
			each[i] = memoryOf(stats.MemoryStats)
			return err
		})
	}
	if err := group.Wait(); err != nil || slices.Contains(each, 0) { // a part would pass for the whole
		return 0, err
	}
	for _, one := range each {
		bytes += one
	}
	return bytes, nil
}

// memoryOf is what a container keeps. The kernel's names are those of cgroup v1 and v2.
func memoryOf(stats container.MemoryStats) int64 {
	reclaimable, v1 := stats.Stats["total_inactive_file"]
	if !v1 {
		reclaimable = stats.Stats["inactive_file"]
	}
	return int64(stats.Usage - min(reclaimable, stats.Usage)) //nolint:gosec // far below
}
