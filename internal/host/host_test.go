package host

import (
	"bytes"
	"compress/gzip"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kindctl/kindctl/pkg/hint"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestKernelSupports(t *testing.T) {
	const release = "6.1.0"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := []struct {
		name string
		root fstest.MapFS
		want map[Feature]Support
	}{
		{"a kernel with everything built in, or not at all",
			fstest.MapFS{"proc/config.gz": {Data: zipped(t, "CONFIG_VXLAN=y\n# CONFIG_IP_VS is not set\nCONFIG_NET_IPIP=m\n")}},
			map[Feature]Support{VXLAN: Present, IPVS: Absent, BPF: Absent, IPIP: Unknown}},
		{"a distribution's kernel, with modules on disk",
			fstest.MapFS{
				"boot/config-6.1.0":                 file("CONFIG_IP_VS=m\nCONFIG_NET_IPIP=m\nCONFIG_BPF_SYSCALL=y\n"),
				"lib/modules/6.1.0/modules.dep":     file("kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/x.ko\n"),
				"lib/modules/6.1.0/modules.builtin": file("kernel/drivers/net/vxlan/vxlan.ko\n"),
			},
			map[Feature]Support{IPVS: Present, VXLAN: Present, BPF: Present, IPIP: Absent}},
		{"a distribution's kernel whose configuration is not to be had",
			fstest.MapFS{"lib/modules/6.1.0/modules.dep": file("kernel/ipip.ko:\n"), "lib/modules/6.1.0/modules.builtin": file("kernel/drivers/net/vxlan/vxlan.ko\n")},
			map[Feature]Support{IPIP: Present, VXLAN: Present, IPVS: Absent, BPF: Unknown}},
		{"half an index proves no absence", fstest.MapFS{"lib/modules/6.1.0/modules.dep": file("kernel/ipip.ko:\n")},
			map[Feature]Support{IPIP: Present, IPVS: Unknown}},
		{"a loaded module and no configuration", fstest.MapFS{"proc/modules": file("nf_tables 123 0 - Live 0x0\n")},
			map[Feature]Support{NFTables: Present, IPVS: Unknown}},
		{"a kernel that says nothing", fstest.MapFS{}, map[Feature]Support{IPVS: Unknown, VXLAN: Unknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kernel := readKernel(tt.root, release)
			for feature, want := range tt.want {
				if got := kernel.Supports(feature); got != want {
					t.Errorf("%s: %v, want %v", feature, got, want)
				}
			}
		})
	}
}

func TestMissingCapabilities(t *testing.T) {
	tests := []struct{ name, mask, last, want string }{
		{"all", "000001ffffffffff", "40\n", ""},
		{"one lacks", "000001fffeffffff", "40\n", "CAP_SYS_RESOURCE"},
		{"two lack", "000001fffeffffdf", "40\n", "CAP_KILL CAP_SYS_RESOURCE"},
		{"the last lacks", "000000ffffffffff", "40\n", "CAP_CHECKPOINT_RESTORE"},
		{"an older kernel, which has fewer", "0000003fffffffff", "37\n", ""},
		{"a newer kernel, which has more", "000001ffffffffff", "41\n", "CAP_41"},
		{"a kernel that does not say how many it has", "000001fffeffffff", "", "CAP_SYS_RESOURCE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{"proc/42/status": {Data: []byte("Name:\tx\nCapBnd:\t" + tt.mask + "\n")}}
			if tt.last != "" {
				root["proc/sys/kernel/cap_last_cap"] = &fstest.MapFile{Data: []byte(tt.last)}
			}
			bounding, missing, err := missingCapabilities(root, "42")
			if err != nil || strings.Join(missing, " ") != tt.want || bounding != tt.mask {
				t.Errorf("%s %v, %v; want %q", bounding, missing, err, tt.want)
			}
			if bounding, missing, err := missingCapabilities(root, ""); err != nil || missing != nil || bounding != "" {
				t.Errorf("of an unknown process: %q %v, %v; want nothing", bounding, missing, err)
			}
		})
	}
	if _, _, err := missingCapabilities(fstest.MapFS{"proc/42/status": {Data: []byte("CapBnd:zz\n")}}, "42"); err == nil {
		t.Error("a mask that is no number was accepted")
	}
}

// TestDaemon looks at the process behind a socket: this one.
func TestDaemon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	if got := daemon(socket); got != "" {
		t.Errorf("behind no socket is process %q", got)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if got, want := daemon(socket), strconv.Itoa(os.Getpid()); runtime.GOOS == "linux" && got != want {
		t.Errorf("behind the socket is process %q, want %s", got, want)
	}
}

func TestRefuse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	bare := Kernel{options: map[string]string{"CONFIG_VXLAN": "y"}}
	ipvs := Needs{Features: []Need{{Feature: IPVS, For: "proxy mode ipvs"}}}
	roomy := func(change func(*Facts)) Facts {
		facts := Facts{Local: true, Runtime: "runc", Kernel: bare, FreeBytes: 20 << 30}
		change(&facts)
		return facts
	}
	tests := []struct {
		name  string
		facts Facts
		needs Needs
		want  []string // in the error; none means fit
	}{
		{"fit", roomy(func(*Facts) {}), Needs{Features: []Need{{Feature: VXLAN, For: "the network"}}}, nil},
		{"no module for what is not asked for", roomy(func(*Facts) {}), Needs{Features: []Need{{Feature: IPVS, For: "proxy mode ipvs", Optional: true}}}, nil},
		{"rootless Docker without controllers", roomy(func(f *Facts) { f.DockerVersion, f.Rootless, f.MissingControllers = "28.1.0", true, []string{"cpu"} }), Needs{}, []string{"rootless and may not use the cgroup controllers cpu"}},
		{"Docker that did not answer", FactsWithoutDocker(hint.New(hint.Preflight, "DOCKER_NOT_RUNNING", "Docker does not answer", "start it")), Needs{}, []string{"Docker does not answer"}},
		{"no module", roomy(func(*Facts) {}), ipvs, []string{"no ip_vs, which proxy mode ipvs needs"}},
		{"another machine's kernel is not evaluated", roomy(func(f *Facts) { f.Local = false }), ipvs, nil},
		{"no room", roomy(func(f *Facts) { f.FreeBytes = 3 << 30 }), Needs{}, []string{"3.0 GB free"}},
		{"no room at all", roomy(func(f *Facts) { f.FreeBytes = 0 }), Needs{}, []string{"0.0 GB free"}},
		{"room that cannot be known", roomy(func(f *Facts) { f.FreeBytes = -1 }), Needs{}, nil},
		{"no capability", roomy(func(f *Facts) { f.MissingCapabilities = []string{SysResource} }), Needs{}, []string{"takes CAP_SYS_RESOURCE from every process"}},
		{"a runtime that does without", roomy(func(f *Facts) { f.MissingCapabilities, f.Runtime = []string{SysResource}, "capshim" }), Needs{}, nil},
		{"a port for root only is Docker's affair", roomy(func(*Facts) {}), Needs{Port: 1}, nil},
		{"everything at once", roomy(func(f *Facts) { f.FreeBytes = 3 << 30 }), Needs{Features: ipvs.Features, Port: port}, []string{"ip_vs", "3.0 GB free", "is in use"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.facts.Refuse(tt.needs)
			if (err != nil) != (len(tt.want) > 0) {
				t.Fatalf("error is %v, want one with %q", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if err != nil && (hint.CodeOf(err) != hint.Preflight || hint.AdviceOf(err) == "") {
				t.Errorf("%v has exit code %d and advice %q", err, hint.CodeOf(err), hint.AdviceOf(err))
			}
		})
	}
}

// TestWarnings reads limits and memory as the kernel writes them.
func TestWarnings(t *testing.T) {
	tests := []struct {
		name                        string
		instances, watches, meminfo string
		nodes                       int
		want                        string // in the only warning; "" means none
	}{
		{"comfortable", "1024\n", "524288\n", "MemFree: 1 kB\nMemAvailable:    8388608 kB\n", 3, ""},
		{"Linux's own default", "128\n", "524288\n", "MemAvailable: 8388608 kB\n", 3, "max_user_instances=1024"},
		{"enough, but not for so many", "1024\n", "524288\n", "MemAvailable: 83886080 kB\n", 30, "max_user_instances=1500"},
		{"an old kernel's default", "1024\n", "8192\n", "MemAvailable: 8388608 kB\n", 3, "max_user_watches"},
		{"little memory", "1024\n", "524288\n", "MemAvailable: 3145728 kB\n", 3, "3.0 GB of memory are available; 3 nodes want 3.5 GB"},
		{"a kernel that says nothing", "many\n", "", "", 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{
				"instances":    {Data: []byte(tt.instances)},
				"watches":      {Data: []byte(tt.watches)},
				"proc/meminfo": {Data: []byte(tt.meminfo)},
			}
			facts := Facts{InotifyInstances: readNumber(root, "instances"), InotifyWatches: readNumber(root, "watches"), MemoryBytes: readMemory(root)}
			got := facts.Warnings(Needs{Nodes: tt.nodes})
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("warnings are %q, want %q", got, tt.want)
			}
		})
	}
}

// TestUnreachable checks what the three ways not to have Docker have in common
// with their advice.
func TestUnreachable(t *testing.T) {
	t.Setenv("DOCKER_CONTEXT", "")
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "docker.sock"))
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := Docker(t.Context()); hint.ReasonOf(err) != "DOCKER_MISSING" {
			t.Errorf("error is %v", err)
		}
	})
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Run("not running", func(t *testing.T) {
		if _, err := Docker(t.Context()); hint.ReasonOf(err) != "DOCKER_NOT_RUNNING" || !strings.Contains(hint.AdviceOf(err), "DOCKER_HOST") {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("over ssh", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "ssh://lab")
		if _, err := Docker(t.Context()); hint.ReasonOf(err) != "DOCKER_SETTINGS" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("not permitted", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may use every socket")
		}
		socket := filepath.Join(t.TempDir(), "docker.sock")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if err := os.Chmod(socket, 0); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DOCKER_HOST", "unix://"+socket)
		if _, err := Docker(t.Context()); hint.ReasonOf(err) != "DOCKER_NOT_PERMITTED" {
			t.Errorf("error is %v", err)
		}
	})
}
