package provider

import (
	"net/netip"
	"testing"
	"testing/fstest"
	"time"
)

func TestReadUsage(t *testing.T) {
	const id = "c0a308b5a8b76413ed5fdfd63cf25d10467d0743d9d95836c3d9e8c0c5de5b39"
	tests := []struct {
		name  string
		files map[string]string
		want  Usage
		read  bool
	}{
		{"cgroup v1, and systemd has made groups of its own in the container", map[string]string{
			"proc/7/cgroup": "4:memory:/docker/" + id + "/init.scope\n2:cpu,cpuacct:/docker/" + id + "\n0::/docker/" + id + "/init.scope\n",
			"sys/fs/cgroup/cpuacct/docker/" + id + "/cpuacct.usage":                       "2500000000\n",
			"sys/fs/cgroup/memory/docker/" + id + "/memory.max_usage_in_bytes":            "4096\n",
			"sys/fs/cgroup/memory/docker/" + id + "/init.scope/memory.max_usage_in_bytes": "1\n",
		}, Usage{2500 * time.Millisecond, 4096}, true},
		{"cgroup v2 under systemd", map[string]string{
			"proc/7/cgroup": "0::/system.slice/docker-" + id + ".scope/init.scope\n",
			"sys/fs/cgroup/system.slice/docker-" + id + ".scope/cpu.stat":    "usage_usec 1500000\nuser_usec 1000000\n",
			"sys/fs/cgroup/system.slice/docker-" + id + ".scope/memory.peak": "8192\n",
		}, Usage{1500 * time.Millisecond, 8192}, true},
		{"cgroup v2 of a kernel without peaks", map[string]string{
			"proc/7/cgroup": "0::/docker/" + id + "\n", "sys/fs/cgroup/docker/" + id + "/cpu.stat": "user_usec 1\nusage_usec 3\n",
		}, Usage{CPU: 3 * time.Microsecond}, true},
		{"a process of someone else", map[string]string{"proc/7/cgroup": "0::/user.slice\n"}, Usage{}, false},
		{"no such process", nil, Usage{}, false},
		{"accounts that cannot be read", map[string]string{"proc/7/cgroup": "0::/docker/" + id + "\n"}, Usage{}, false},
	}
	for _, tt := range tests {
		root := fstest.MapFS{}
		for name, text := range tt.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, read := readUsage(root, 7, id); got != tt.want || read != tt.read {
			t.Errorf("%s: %+v, read %v; want %+v, %v", tt.name, got, read, tt.want, tt.read)
		}
	}
}

// TestUsageOfElsewhere: where the kernel's accounts are out of reach, Docker is
// asked for every container; a peak that one lacks is none.
func TestUsageOfElsewhere(t *testing.T) {
	said := func(nanoseconds, bytes int) map[string]any {
		return map[string]any{"cpu_stats": map[string]any{"cpu_usage": map[string]any{"total_usage": nanoseconds}}, "memory_stats": map[string]any{"max_usage": bytes}}
	}
	d := &dockerd{containers: []*box{
		{name: "lab-control-plane", cluster: "lab", network: "kind", state: "running", address: netip.MustParseAddr("172.18.0.2"), statistics: said(2_000_000_000, 100)},
		{name: "lab-worker", cluster: "lab", network: "kind", state: "running", address: netip.MustParseAddr("172.18.0.3"), statistics: said(1_000_000_000, 50)},
		{name: "other", cluster: "other", network: "kind", state: "running", address: netip.MustParseAddr("172.18.0.4"), statistics: said(9, 9)},
	}}
	lab := d.engine(t).Cluster("lab")
	if got, err := lab.Usage(t.Context()); err != nil || got != (Usage{3 * time.Second, 150}) {
		t.Errorf("%+v, %v", got, err)
	}
	d.box("lab-worker").statistics = said(1_000_000_000, 0)
	if got, err := lab.Usage(t.Context()); err != nil || got != (Usage{CPU: 3 * time.Second}) {
		t.Errorf("without a peak of one: %+v, %v", got, err)
	}
}
