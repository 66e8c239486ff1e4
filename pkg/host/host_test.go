package host

import (
	"bytes"
	"compress/gzip"
	"net"
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
		{"a loaded module and no configuration", fstest.MapFS{"proc/modules": file("nf_tables 123 0 - Live 0x0\n")},
			map[Feature]Support{NFTables: Present, IPVS: Unknown}},
		{"a kernel that tells nothing", fstest.MapFS{}, map[Feature]Support{IPVS: Unknown, VXLAN: Unknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kernel := readKernel(tt.root, release)
			for feature, want := range tt.want {
				if got := kernel.Supports(feature); got != want {
					t.Errorf("%s: %v, want %v", feature.Option, got, want)
				}
			}
		})
	}
}

func TestMissingCapabilities(t *testing.T) {
	for mask, want := range map[string]string{"000001ffffffffff": "", "000001fffeffffff": "CAP_SYS_RESOURCE"} {
		root := fstest.MapFS{"proc/self/status": {Data: []byte("Name:\tx\nCapBnd:\t" + mask + "\n")}}
		missing, err := missingCapabilities(root)
		if err != nil || strings.Join(missing, " ") != want {
			t.Errorf("mask %s: %v, %v; want %q", mask, missing, err, want)
		}
	}
	if _, err := missingCapabilities(fstest.MapFS{"proc/self/status": {Data: []byte("CapBnd:\tzz\n")}}); err == nil {
		t.Error("a mask that is no number was accepted")
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
	tests := []struct {
		name  string
		facts Facts
		needs Needs
		want  []string // in the error; none means fit
	}{
		{"fit", Facts{Local: true, Kernel: bare, FreeBytes: 20 << 30}, Needs{Features: map[Feature]string{VXLAN: "the network"}}, nil},
		{"no module", Facts{Local: true, Kernel: bare}, Needs{Features: map[Feature]string{IPVS: "proxy mode ipvs"}}, []string{"no ip_vs, which proxy mode ipvs needs"}},
		{"another machine's kernel is not judged", Facts{Local: false, Kernel: bare}, Needs{Features: map[Feature]string{IPVS: "proxy mode ipvs"}}, nil},
		{"no room", Facts{Local: true, FreeBytes: 3 << 30}, Needs{}, []string{"3.0 GB free"}},
		{"port in use, and more", Facts{Local: true, FreeBytes: 3 << 30}, Needs{Port: port}, []string{"3.0 GB free", "cannot be had"}},
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

func TestWarnings(t *testing.T) {
	for text, want := range map[string]int{"128\n": 1, "1024\n": 0, "many\n": 0} {
		root := fstest.MapFS{"proc/sys/fs/inotify/max_user_instances": {Data: []byte(text)}}
		facts := Facts{InotifyInstances: readNumber(root, "proc/sys/fs/inotify/max_user_instances")}
		if got := facts.Warnings(); len(got) != want {
			t.Errorf("a limit of %q gives warnings %q, want %d", text, got, want)
		}
	}
}
