//go:build e2e

package debian

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kindctl/kindctl/pkg/event"
)

// bpfProgram is compiled the way Cilium's agent does: no headers of the
// system, code for BPF, debug information.
const bpfProgram = `
static void *(*map_lookup)(void *map, const void *key) = (void *)1;
struct map { int (*type)[1]; int *key; long *value; } counts __attribute__((section(".maps"), used));
__attribute__((section("tc"), used)) int count(void *packet) {
	int key = 0;
	long *value = map_lookup(&counts, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}
char _license[] __attribute__((section("license"), used)) = "GPL";
`

// TestPrograms runs what others call in the trees, with the trees as root.
func TestPrograms(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("chroot needs root")
	}
	base := filepath.Join(t.TempDir(), "userland")
	build(t, Userland, base)
	node := filepath.Join(t.TempDir(), "node")
	build(t, NodeBase, node)
	calico := onTop(t, base, CalicoNode)
	tools := onTop(t, base, NetworkTools)
	cilium := onTop(t, tools, Cilium)
	if err := os.WriteFile(filepath.Join(cilium, "tmp/count.c"), []byte(bpfProgram), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ root, command, want string }{
		{base, "ip -j -V", "iproute2"},
		{base, "nft --version", "nftables v1"},
		{base, "iptables --version", "(nf_tables)"},
		{base, "iptables-legacy --version", "(legacy)"},
		{base, "iptables-save --version", "(nf_tables)"},
		{base, "ipset --version", "ipset v7"},
		{base, "conntrack --version", "conntrack v1"},
		{base, "modprobe --version", "kmod"},
		{base, "getent passwd root", "root:*:0:0"},
		{base, "which nsenter mount ps", "/usr/bin/nsenter"},
		{node, "systemctl --version", "systemd 252"},
		{node, "update-alternatives --set iptables /usr/sbin/iptables-legacy && iptables --version", "(legacy)"},
		{node, "update-alternatives --auto iptables && iptables-restore --version", "(nf_tables)"},
		{node, "update-alternatives --set ip6tables /usr/sbin/ip6tables-nft && ip6tables --version", "(nf_tables)"},
		{node, "curl --version && jq --version && openssl version", "OpenSSL 3"},
		{node, "mount.nfs -V && iscsiadm --version && logger --version", "linux nfs-utils 2"},
		{node, "getent passwd statd _rpc", "/var/lib/nfs"},
		{node, "mkdir -p /tmp && openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key -subj /CN=test " +
			"-out /usr/local/share/ca-certificates/test.crt && update-ca-certificates", "1 added, 0 removed"},
		{tools, "curl --version && dig -v && ss -V && iperf --version; nc -h", "OpenBSD netcat"},
		{tools, "dig -v && ping -V && socat -V", "ping from iputils"},
		{calico, "chpst true; which runsvdir svlogd sv bird bird6", "/usr/sbin/bird6"},
		// BIRD closes its output by way of /dev/null.
		{calico, "mknod /dev/null c 1 3 && echo 'router id 192.0.2.1; protocol device {}' >/tmp/bird.cfg && bird -c /tmp/bird.cfg -s /tmp/bird.ctl && " +
			"/bin/birdcl -s /tmp/bird.ctl show status && /bin/birdcl -s /tmp/bird.ctl down", "Daemon is up and running"},
		{cilium, "clang --version", "clang version 19"},
		{cilium, "clang -O2 -g --target=bpf -mcpu=v3 -nostdinc -Wall -Werror -c /tmp/count.c -o /tmp/count.o && head -c4 /tmp/count.o", "ELF"},
	} {
		cmd := exec.CommandContext(t.Context(), "/bin/bash", "-c", test.command)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: test.root}
		cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
		cmd.Dir = "/"
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %s: %v: want %q in:\n%s", filepath.Base(test.root), test.command, err, test.want, out)
		}
	}
}

func build(t *testing.T, s Spec, dir string) {
	t.Helper()
	if err := Build(t.Context(), s, dir, event.Discard); err != nil {
		t.Fatal(err)
	}
}

// onTop returns a copy of base with the tree of an extension on top of it.
func onTop(t *testing.T, base string, s Spec) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), s.Name)
	merged := dir + ".merged"
	build(t, s, dir)
	for _, from := range []string{base, dir} {
		if err := os.MkdirAll(merged, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", from+"/.", merged).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return merged
}
