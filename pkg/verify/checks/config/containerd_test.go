package config

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// aDump is a part of what containerd 2.3 prints.
const aDump = `version = 4
disabled_plugins = ['io.containerd.nri.v1.nri']
[debug]
  level = 'debug'
[plugins]
  [plugins.'io.containerd.cri.v1.images']
    snapshotter = 'overlayfs'
    stats_collect_period = 10
    [plugins.'io.containerd.cri.v1.images'.pinned_images]
      sandbox = 'registry.k8s.io/pause:3.10'
    [plugins.'io.containerd.cri.v1.images'.registry]
      config_path = '/etc/containerd/certs.d'
      [plugins.'io.containerd.cri.v1.images'.registry.configs.'reg:5000'.auth]
        password = 'hunter2'
  [plugins.'io.containerd.cri.v1.runtime']
    max_container_log_line_size = 16384
    stats_collect_period = ''
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
      sandboxer = 'shim'
    [plugins.'io.containerd.cri.v1.runtime'.cni]
      bin_dir = ''
      bin_dirs = ['/opt/own/bin']
  [plugins.'io.containerd.grpc.v1.cri']
    stream_idle_timeout = '4h0m0s'
  [plugins.'io.containerd.monitor.task.v1.cgroups']
    no_prometheus = true
  [plugins.'io.containerd.server.v1.grpc-tcp']
    address = '127.0.0.1:9'
  [plugins.'io.containerd.server.v1.ttrpc']
    uid = 7
  [plugins.'io.containerd.shim.v1.manager']
    env = ['SCHED_CORE=1']
[timeouts]
  'io.containerd.timeout.task.state' = '1m0s'
`

func TestContainerdMissed(t *testing.T) {
	configuration, err := tomlFields(aDump)
	if err != nil {
		t.Fatal(err)
	}
	configuration["/etc/containerd/certs.d/a/hosts.toml"] = map[string]any{"server": "https://a", "host": map[string]any{"http://b:5000": map[string]any{"capabilities": []any{"pull", "resolve"}}}}
	const cri = `plugins."io.containerd.grpc.v1.cri".`
	for _, c := range []struct {
		setting string
		value   any
		says    string
	}{
		{cri + "sandbox_image", "registry.k8s.io/pause:3.10", ""},
		{cri + "sandbox_image", "pause", `plugins."io.containerd.cri.v1.images".pinned_images.sandbox is "registry.k8s.io/pause:3.10", not "pause", for which lab.yaml:7 asks`},
		{cri + "registry.config_path", "/etc/containerd/certs.d", ""},
		{cri + "stats_collect_period", float64(10), ""},
		{cri + "containerd.snapshotter", "native", `plugins."io.containerd.cri.v1.images".snapshotter is "overlayfs"`},
		{cri + "max_container_log_line_size", float64(16384), ""},
		{cri + "max_container_log_line_size", float64(32768), `plugins."io.containerd.cri.v1.runtime".max_container_log_line_size is 16384, not 32768`},
		{cri + "containerd.runtimes.kata.sandbox_mode", "shim", ""},
		{cri + "containerd.runtimes.gone.runtime_type", "io.containerd.runc.v2", `runtimes.gone.runtime_type is not set`},
		{cri + "cni.bin_dir", "/opt/own/bin", ""},
		{cri + "cni.bin_dir", "/opt/cni/bin", "bin_dirs"},
		{cri + "stream_idle_timeout", "4h", ""},
		{`plugins."io.containerd.cri.v1.runtime".max_container_log_line_size`, float64(16384), ""},
		{`plugins."io.containerd.runtime.v2.task".sched_core`, true, ""},
		{`plugins."io.containerd.monitor.v1.cgroups".no_prometheus`, true, ""},
		{"grpc.tcp_address", "127.0.0.1:9", ""},
		{"grpc.tcp_address", "127.0.0.1:8", `plugins."io.containerd.server.v1.grpc-tcp".address`},
		{"ttrpc.uid", float64(7), ""},
		{"debug.level", "debug", ""},
		{"debug.address", "", ""},
		{"metrics.grpc_histogram", false, ""},
		{"metrics.grpc_histogram", true, "is not set"},
		{"disabled_plugins", []any{"io.containerd.nri.v1.nri"}, ""},
		{`timeouts."io.containerd.timeout.task.state"`, "60s", ""},
		{`"/etc/containerd/certs.d/a/hosts.toml".host."http://b:5000".capabilities`, []any{"pull"}, ""},
		{`"/etc/containerd/certs.d/a/hosts.toml".host."http://c:5000".capabilities`, []any{"pull"}, `hosts.toml".host.http://c:5000.capabilities is not set`},
		{`"/etc/containerd/certs.d/c/hosts.toml".server`, "https://c", "is not set"},
		{`"/etc/containerd/config.toml".oom_score`, nil, ""},
		{cri + `registry.configs."reg:5000".auth.password`, "hunter2", ""},
		{cri + `registry.configs."reg:5000".auth.password`, "hunter3", "is not what was asked for"},
	} {
		request := verify.Requested{Component: "containerd", Setting: c.setting, Value: c.value, Source: "lab.yaml:7"}
		problem, line := containerdMissed(request, configuration)
		if (problem == "") != (c.says == "") || !strings.Contains(problem, c.says) || (line == "") == (problem == "") {
			t.Errorf("%s %v: %q, %q, want %q", c.setting, c.value, problem, line, c.says)
		}
		if strings.Contains(problem+line, "hunter") {
			t.Errorf("%s is shown: %s%s", c.setting, problem, line)
		}
	}
}

func TestContainerdJudge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	requests := []verify.Requested{{Component: "containerd", Setting: "debug.level", Value: "debug", Source: "lab.yaml:7"}, {Component: "containerd", Setting: `"/a.toml".b`, Value: "c"}}
	files := map[string]string{"/a.toml": "b = 'c'\n"}
	for name, c := range map[string]struct {
		found verify.Containerd
		says  []string
	}{
		"met":          {verify.Containerd{Dump: aDump, Files: files, Started: now, Changed: map[string]time.Time{"/etc/containerd/config.toml": now.Add(-time.Millisecond)}}, nil},
		"another one":  {verify.Containerd{Dump: "[debug]\nlevel = 'info'\n", Files: files}, []string{`debug.level is "info", not "debug", for which lab.yaml:7 asks`}},
		"no file":      {verify.Containerd{Dump: aDump}, []string{`"/a.toml".b is not set, not "c"`}},
		"no TOML":      {verify.Containerd{Dump: aDump, Files: map[string]string{"/a.toml": "b ="}}, []string{"/a.toml: ", `"/a.toml".b is not set`}},
		"a newer file": {verify.Containerd{Dump: aDump, Files: files, Started: now, Changed: map[string]time.Time{"/etc/containerd/config.toml": now.Add(time.Minute)}}, []string{"/etc/containerd/config.toml was changed at 2026-01-02T03:05:05Z, and containerd runs since 2026-01-02T03:04:05Z"}},
		"two faults":   {verify.Containerd{Dump: "", Files: files, Started: now, Changed: map[string]time.Time{"/x.toml": now.Add(time.Minute)}}, []string{"debug.level is not set", "/x.toml was changed"}},
		"a refusal":    {verify.Containerd{Refusal: "containerd: failed to unmarshal TOML"}, []string{"it cannot read its configuration: containerd: failed"}},
	} {
		seen, err := checkContainerd(c.found, requests)
		if (err == nil) != (c.says == nil) || (len(seen) > 0) != (c.says == nil) {
			t.Errorf("%s: %v, %v", name, seen, err)
		}
		for _, part := range c.says {
			verifytest.WantErr(t, err, part)
		}
	}
}

func TestContainerdApplied(t *testing.T) {
	request := verify.Requested{Component: "containerd", Setting: "debug.level", Value: "debug", Source: "lab.yaml:7"}
	expect := verify.Expectation{
		ControlPlanes: 1,
		Workers:       2,
		Requested: []verify.Requested{
			request,
			{Component: "containerd", Node: "w1", Setting: `"/a.toml".b`, Value: "c"},
			{Component: "kubelet", Setting: "maxPods"},
		},
	}
	target := targettest.New(expect, verifytest.Pods{}, verifytest.ReadyNode("cp1"), verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2"))
	t.Cleanup(func() { _ = target.Close(context.Background()) })
	evidence, err := containerdApplied(t.Context(), target)
	verifytest.WantErr(t, err, "")
	if len(evidence) != 1 || !strings.Contains(evidence[0], "not read back") {
		t.Errorf("without a way to the nodes the evidence is %q", evidence)
	}

	var mutex sync.Mutex
	asked := map[string][]string{}
	target.Containerd = func(_ context.Context, node string, files []string) (verify.Containerd, error) {
		mutex.Lock()
		defer mutex.Unlock()
		asked[node] = files
		switch node {
		case "w1":
			return verify.Containerd{Dump: "[debug]\nlevel = 'info'\n", Files: map[string]string{"/a.toml": "b = 'c'\n"}}, nil
		case "w2":
			return verify.Containerd{}, errors.New("no such container")
		}
		return verify.Containerd{Dump: aDump}, nil
	}
	evidence, err = containerdApplied(t.Context(), target)
	verifytest.WantErr(t, err, `w1: containerd: debug.level is "info", not "debug", for which lab.yaml:7 asks`)
	verifytest.WantErr(t, err, "w2: no such container")
	nodes := targettest.FindingsByNode(err)
	if len(nodes) != 2 || verify.IsUnobservable(nodes["w1"]) || !verify.IsUnobservable(nodes["w2"]) {
		t.Errorf("the error is about %v", nodes)
	}
	if len(evidence) != 1 || !strings.HasPrefix(evidence[0], `cp1: containerd: debug.level is "debug"; started after`) {
		t.Errorf("the evidence is %q", evidence)
	}
	if len(asked) != 3 || len(asked["cp1"]) > 0 || !slices.Equal(asked["w1"], []string{"/a.toml"}) {
		t.Errorf("files that were asked for: %v", asked)
	}
}
