package host

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/system"

	"github.com/kindctl/kindctl/pkg/hint"
)

// healthy is a host on which nothing is wrong and everything could be seen.
func healthy() Facts {
	agree := time.Duration(0)
	return Facts{
		DockerVersion: "28.1.0", Architecture: "amd64", Runtime: "runc", Local: true, DataDir: "/var/lib/docker",
		FreeBytes: 20 << 30, MemoryBytes: 8 << 30, InotifyInstances: 1024, InotifyWatches: 524288,
		FilesOpen: 2000, FilesMax: 1 << 20, OpenFiles: 1 << 20, Bounding: "000001ffffffffff", ClockAhead: &agree,
		Kernel: Kernel{options: map[string]string{"CONFIG_VXLAN": "y"}},
	}
}

var threeNodes = Needs{Nodes: 3, Features: []Need{{Feature: VXLAN, For: "the network"}}}

func find(t *testing.T, findings []Finding, id string) Finding {
	t.Helper()
	for _, finding := range findings {
		if finding.ID == id {
			return finding
		}
	}
	t.Fatalf("there is no finding %s", id)
	return Finding{}
}

// TestHealthy wants nothing but good findings, each with an ID of its own.
func TestHealthy(t *testing.T) {
	seen := map[string]bool{}
	for _, finding := range healthy().Findings(threeNodes) {
		if finding.State != OK || finding.Observed == "" || finding.Fix != "" || finding.Repairable() {
			t.Errorf("%+v of a healthy host", finding)
		}
		if seen[finding.ID] {
			t.Errorf("%s is there twice", finding.ID)
		}
		seen[finding.ID] = true
	}
	if len(seen) < 12 {
		t.Errorf("only %d findings", len(seen))
	}
}

// asking are needs of limits that the healthy host can fulfill.
var asking = Needs{Nodes: 2, Limits: []Limit{{Node: "lab-worker", MilliCPUs: 1500}, {Node: "lab-worker2", Bytes: 2 << 30}}}

// TestPorts takes a port and asks for it.
func TestPorts(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	local, all := netip.MustParseAddr("127.0.0.1"), netip.IPv4Unspecified()
	ports := []Port{
		{local, tcp.Addr().(*net.TCPAddr).Port, "TCP"}, {all, tcp.Addr().(*net.TCPAddr).Port, "TCP"}, {local, udp.LocalAddr().(*net.UDPAddr).Port, "UDP"},
	}
	for _, port := range ports {
		if found := find(t, healthy().Findings(Needs{Ports: []Port{port}}), "ports"); found.State != Fatal ||
			!strings.Contains(found.Observed, port.String()+" is in use") {
			t.Errorf("%s, which is taken: %+v", port, found)
		}
	}
	tcp.Close()
	udp.Close()
	if found := find(t, healthy().Findings(Needs{Ports: ports}), "ports"); found.State != OK {
		t.Errorf("ports that are free: %+v", found)
	}
}

// TestMountsElsewhere does not check files of another machine on this one.
func TestMountsElsewhere(t *testing.T) {
	facts := healthy()
	facts.Local = false
	if found := find(t, facts.Findings(Needs{Mounts: []string{"/no/such/folder"}}), "mounts"); found.State != Unobserved {
		t.Errorf("%+v", found)
	}
}

// TestFindings breaks one thing at a time and wants exactly this finding to
// change.
func TestFindings(t *testing.T) {
	ipvs := Needs{Nodes: 3, Features: []Need{{Feature: IPVS, For: "proxy mode ipvs"}}}
	either := Needs{Nodes: 3, Features: []Need{{Feature: IPSet, For: "proxy mode ipvs", Optional: true}, {Feature: IPSet, For: "Calico", Optional: true}}}
	tests := []struct {
		name   string
		change func(*Facts)
		needs  Needs
		id     string
		state  State
		text   string // in what was seen, its effect or its fix
	}{
		{"an old Docker", func(f *Facts) { f.DockerVersion = "19.03.5" }, threeNodes, "docker", Warning, "20.10.0 and newer"},
		{"a version of a distribution's own", func(f *Facts) { f.DockerVersion = "20.10.24+dfsg1" }, threeNodes, "docker", OK, "20.10.24+dfsg1"},
		{"a version that is none", func(f *Facts) { f.DockerVersion = "dev" }, threeNodes, "docker", OK, "dev"},
		{"cgroup v1", func(f *Facts) { f.CgroupV1 = true }, threeNodes, "cgroup", OK, "unified_cgroup_hierarchy"},
		{"rootless on cgroup v1", func(f *Facts) { f.CgroupV1, f.Rootless = true, true }, threeNodes, "cgroup", Fatal, "cgroup v2 only"},
		{"rootless", func(f *Facts) { f.Rootless = true }, threeNodes, "cgroup", OK, "cgroup v2"},
		{"no memory controller", func(f *Facts) { f.MissingControllers = []string{"memory"} }, threeNodes, "cgroup", Warning, "cgroup_enable=memory"},
		{"no capability", func(f *Facts) { f.MissingCapabilities = []string{SysResource} }, threeNodes, "capabilities", Fatal, "hack/capshim"},
		{"no capability, and a shim", func(f *Facts) { f.MissingCapabilities, f.Runtime = []string{SysResource}, "capshim" }, threeNodes, "capabilities", OK, "capshim is not runc; nothing needs to be done"},
		{"a daemon that is not seen", func(f *Facts) { f.Bounding = "" }, threeNodes, "capabilities", Unobserved, "the kernel does not say"},
		{"nodes that ask for what there is", func(*Facts) {}, asking, "limits", OK, "2 nodes can be limited"},
		{"too many processors", func(f *Facts) { f.CPUs = 1 }, asking, "limits", Fatal, "lab-worker asks for 1.5 processors; Docker's machine has 1"},
		{"too much memory", func(f *Facts) { f.MachineMemoryBytes = 1 << 30 }, asking, "limits", Fatal, "lab-worker2 asks for 2.0 GB of memory; Docker's machine has 1.0 GB"},
		{"files that are there", func(*Facts) {}, Needs{Mounts: []string{"/", "/dev/null"}}, "mounts", OK, "2 paths"},
		{
			"files that are not",
			func(*Facts) {},
			Needs{Mounts: []string{"/", "/no/such/folder"}},
			"mounts",
			Fatal,
			"/no/such/folder does not exist",
		},
		{
			"files that a configuration file names",
			func(*Facts) {},
			Needs{Mounts: []string{"/no/such/folder"}, Places: map[string]string{"/no/such/folder": "lab.yaml:7"}},
			"mounts",
			Fatal,
			"lab.yaml:7: /no/such/folder does not exist",
		},
		{
			"an address that a configuration file names",
			func(*Facts) {},
			Needs{Ports: []Port{{netip.MustParseAddr("192.0.2.1"), 8080, "TCP"}}, Places: map[string]string{"192.0.2.1:8080/tcp": "lab.yaml:9"}},
			"ports",
			Fatal,
			"lab.yaml:9: port 192.0.2.1:8080/tcp",
		},
		{
			"folders for state",
			func(*Facts) {},
			Needs{
				Folders: []Folder{
					{t.TempDir(), "etcd"},
					{folder(t, "config.json"), "the kubelet"},
					{folder(t, "lost+found"), "etcd"},
					{folder(t, "io.containerd.content.v1.content"), "containerd"},
				},
			},
			"state",
			OK,
			"4 paths",
		},
		{
			"etcd's state",
			func(*Facts) {},
			Needs{Folders: []Folder{{folder(t, "member"), "etcd"}}},
			"state",
			Fatal,
			"is not empty: it holds the state of etcd of another cluster (member)",
		},
		{
			"a kubelet's state",
			func(*Facts) {},
			Needs{Folders: []Folder{{folder(t, "pki"), "the kubelet"}}},
			"state",
			Fatal,
			"choose an empty directory",
		},
		{
			"files of a host that is not seen",
			func(f *Facts) { f.Contained = true },
			Needs{Mounts: []string{"/no/such/folder"}},
			"mounts",
			Unobserved,
			"kindctl runs in a container",
		},
		{
			"a port of a host that is not seen",
			func(f *Facts) { f.Contained = true },
			Needs{Port: 16443},
			"port",
			Unobserved,
			"whether port 16443 is free",
		},
		{
			"an address of another machine",
			func(*Facts) {},
			Needs{Ports: []Port{{netip.MustParseAddr("192.0.2.1"), 8080, "TCP"}}},
			"ports",
			Fatal,
			"192.0.2.1:8080/tcp: this machine has no such address",
		},
		{"little memory", func(f *Facts) { f.MemoryBytes = 3 << 30 }, threeNodes, "memory", Warning, "3 nodes want 3.5 GB"},
		{"little room", func(f *Facts) { f.FreeBytes = 3 << 30 }, threeNodes, "disk", Fatal, "(/var/lib/docker) has 3.0 GB free"},
		{"little room that is enough", func(f *Facts) { f.FreeBytes = 3 << 30 }, Needs{Nodes: 1, Ignored: []string{"disk"}}, "disk", Warning, "(/var/lib/docker) has 3.0 GB free"},
		{"everything is ignored", func(f *Facts) { f.FreeBytes = 3 << 30 }, Needs{Nodes: 1, Ignored: []string{IgnoreAll}}, "disk", Warning, "has 3.0 GB free"},
		{"something else is ignored", func(f *Facts) { f.FreeBytes = 3 << 30 }, Needs{Nodes: 1, Ignored: []string{"ports"}}, "disk", Fatal, "--ignore-preflight-errors disk"},
		{"few instances", func(f *Facts) { f.InotifyInstances = 128 }, threeNodes, "inotify.instances", Warning, "sudo sysctl fs.inotify.max_user_instances=1024"},
		{"few watches", func(f *Facts) { f.InotifyWatches = 8192 }, threeNodes, "inotify.watches", Warning, "max_user_watches=524288"},
		{"few files", func(f *Facts) { f.FilesOpen = 1<<20 - 9000 }, threeNodes, "files.host", Warning, "fs.file-max=2100440"},
		{"few files for Docker", func(f *Facts) { f.OpenFiles = 1024 }, threeNodes, "files.docker", Warning, "LimitNOFILE"},
		{"no module", func(*Facts) {}, ipvs, "kernel.ip_vs", Fatal, "this kernel has no ip_vs, which proxy mode ipvs needs"},
		{"no module that others want", func(*Facts) {}, either, "kernel.ip_set", Warning, "which proxy mode ipvs and Calico need"},
		{"a kernel that says nothing", func(f *Facts) { f.Kernel = Kernel{} }, ipvs, "kernel.ip_vs", Unobserved, "whether this kernel has ip_vs"},
		{"a proxy", func(f *Facts) { f.Proxies = []Proxy{{"HTTPS_PROXY", "proxy.corp:3128"}} }, threeNodes, "proxy", OK, "adds to their NO_PROXY"},
		{"a proxy on loopback", func(f *Facts) { f.Proxies = []Proxy{{"https_proxy", "127.0.0.1:3128"}} }, threeNodes, "proxy", Warning, "https_proxy is 127.0.0.1:3128"},
		{"a proxy on IPv6's", func(f *Facts) { f.Proxies = []Proxy{{"https_proxy", "[::1]:3128"}} }, threeNodes, "proxy", Warning, "the node itself"},
		{"a proxy on this host's name", func(f *Facts) { f.Proxies = []Proxy{{"http_proxy", "localhost"}} }, threeNodes, "proxy", Warning, "the node itself"},
		{"authorities", func(f *Facts) { f.Authorities = []string{"/x/", "/y.pem"} }, threeNodes, "certificates", OK, "in /x/, /y.pem"},
		{"a folder of authorities", func(f *Facts) { f.Authorities = []string{"/x/"} }, threeNodes, "certificates", OK, "mounts: [{hostPath: /x, containerPath: /etc/pki/tls/certs}]"},
		{"a file of authorities", func(f *Facts) { f.Authorities = []string{"/y.pem"} }, threeNodes, "certificates", OK, "mounts: [{hostPath: /y.pem, containerPath: /etc/ssl/certs/own.pem}]"},
		{"a clock behind", func(f *Facts) { d := -time.Hour; f.ClockAhead = &d }, threeNodes, "clock", Warning, "1h0m0s behind this one"},
		{"a clock ahead", func(f *Facts) { d := time.Hour; f.ClockAhead = &d }, threeNodes, "clock", Warning, "1h0m0s ahead of this one"},
		{"a clock ahead by little", func(f *Facts) { d := 4 * time.Second; f.ClockAhead = &d }, threeNodes, "clock", OK, "within 4s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			facts := healthy()
			tt.change(&facts)
			findings := facts.Findings(tt.needs)
			got := find(t, findings, tt.id)
			if got.State != tt.state || !strings.Contains(got.Observed+"\n"+got.Effect+"\n"+got.Fix, tt.text) {
				t.Errorf("%+v; want %s with %q", got, tt.state, tt.text)
			}
			if bad := got.State == Warning || got.State == Fatal; bad && got.Fix == "" || (bad || got.Fix != "") && got.Effect == "" {
				t.Errorf("%+v: what is wrong needs an effect and a fix, and a fix needs an effect", got)
			}
			for _, other := range findings {
				if other.ID != tt.id && other.State != OK {
					t.Errorf("%+v has nothing to do with it", other)
				}
			}
			refused, warned := facts.Refuse(tt.needs) != nil, len(facts.Warnings(tt.needs)) > 0
			if refused != (tt.state == Fatal) || warned != (tt.state == Warning) {
				t.Errorf("refused %v, warned %v of %s", refused, warned, tt.state)
			}
		})
	}
}

// TestUnobserved looks at hosts that cannot be looked at, which is no fault.
func TestUnobserved(t *testing.T) {
	elsewhere := Facts{DockerVersion: "28.1.0", Architecture: "arm64", FreeBytes: -1, MachineMemoryBytes: 2 << 30}
	for _, id := range []string{"capabilities", "disk", "inotify.instances", "files.host", "files.docker", "kernel.vxlan", "clock"} {
		if got := find(t, elsewhere.Findings(threeNodes), id); got.State != Unobserved || !strings.Contains(got.Observed, "a kernel that is not this one") {
			t.Errorf("of another machine: %+v", got)
		}
	}
	if got := find(t, elsewhere.Findings(threeNodes), "memory"); got.State != Warning || !strings.Contains(got.Observed, "2.0 GB of memory are all") {
		t.Errorf("of a small virtual machine: %+v", got)
	}
	if err := elsewhere.Refuse(threeNodes); err != nil {
		t.Errorf("another machine is refused: %v", err)
	}
	for _, finding := range FactsWithoutDocker(hint.New(hint.Preflight, "DOCKER_NOT_RUNNING", "no answer", "start it")).Findings(threeNodes) {
		switch {
		case finding.ID == "docker":
			if finding.State != Fatal || finding.Observed != "no answer" || finding.Fix != "start it" {
				t.Errorf("Docker that does not answer: %+v", finding)
			}
		case finding.State == Fatal:
			t.Errorf("%+v without Docker", finding)
		case finding.State == Unobserved && !strings.Contains(finding.Observed, "Docker does not answer"):
			t.Errorf("%+v does not say why", finding)
		}
	}
}

func TestReadFiles(t *testing.T) {
	root := fstest.MapFS{
		"proc/sys/fs/file-nr": {Data: []byte("2215\t0\t1048576\n")},
		"proc/42/comm":        {Data: []byte("dockerd\n")},
		"proc/42/limits":      {Data: []byte("Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n")},
		"proc/1/comm":         {Data: []byte("systemd\n")},
		"proc/1/limits":       {Data: []byte("Max open files            1024                 4096               files     \n")},
		"proc/43/comm":        {Data: []byte("dockerd\n")},
		"proc/43/limits":      {Data: []byte("Max open files            unlimited            unlimited            files     \n")},
	}
	if open, most := readFiles(root); open != 2215 || most != 1<<20 {
		t.Errorf("%d of %d files", open, most)
	}
	if open, most := readFiles(fstest.MapFS{"proc/sys/fs/file-nr": {Data: []byte("many\n")}}); open != 0 || most != 0 {
		t.Errorf("%d of %d files from nothing", open, most)
	}
	for process, want := range map[string]int64{"42": 524288, "1": 0, "43": 0, "": 0, "7": 0} {
		if got := readOpenFiles(root, process); got != want {
			t.Errorf("process %q may open %d files, want %d", process, got, want)
		}
	}
}

func TestSurroundings(t *testing.T) {
	env := map[string]string{"HTTP_PROXY": "", "http_proxy": "http://me:secret@proxy.corp:3128/", "HTTPS_PROXY": "10.0.0.1:3128", "https_proxy": "ignored:1"}
	want := []Proxy{{"http_proxy", "proxy.corp:3128"}, {"HTTPS_PROXY", "10.0.0.1:3128"}}
	if diff := cmp.Diff(want, proxies(func(name string) string { return env[name] })); diff != "" {
		t.Errorf("proxies (-want +got):\n%s", diff)
	}
	if got := proxyHost("http://me:se%cret@proxy"); strings.Contains(got, "cret") {
		t.Errorf("a password is shown: %s", got)
	}
	asked := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	answered := asked.Add(2 * time.Second)
	for text, want := range map[string]time.Duration{
		"2026-01-02T03:04:06.5Z": 0, "2026-01-02T03:04:17Z": 10 * time.Second, "2026-01-02T04:03:55+01:00": -10 * time.Second,
	} {
		if got := clockAhead(text, asked, answered); got == nil || *got != want {
			t.Errorf("a clock that says %s is ahead by %v, want %v", text, got, want)
		}
	}
	if got := clockAhead("soon", asked, answered); got != nil {
		t.Errorf("a clock that says nothing is ahead by %v", got)
	}
}

func TestEngine(t *testing.T) {
	if !rootless([]string{"name=seccomp,profile=builtin", "name=rootless"}) || rootless([]string{"name=seccomp,profile=rootless"}) {
		t.Error("rootless Docker is not told from the other kind")
	}
	all := system.Info{MemoryLimit: true, CPUShares: true, PidsLimit: true, CgroupDriver: "systemd"}
	if got := missingControllers(all); got != nil {
		t.Errorf("%v are missing of all", got)
	}
	all.PidsLimit = false
	if got := missingControllers(all); len(got) != 1 || got[0] != "pids" {
		t.Errorf("%v are missing, want pids", got)
	}
	all.CgroupDriver = "none"
	if got := missingControllers(all); len(got) != 3 {
		t.Errorf("only %v are missing where Docker has no cgroups", got)
	}
}

// folder makes one with an entry.
func folder(t *testing.T, entry string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, entry), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
