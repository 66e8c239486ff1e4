//go:build vm

package vm

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/forge/debian"
	"github.com/kindctl/kindctl/pkg/event"
)

// machine is a node image on a disk, with a kernel of its own.
type machine struct {
	name, address string            // of the node
	network       string            // the Docker network whose bridge it is on
	gateway       netip.Prefix      // the bridge's address, with the bits of its subnet
	hosts         map[string]string // what its /etc/hosts says beside itself
	files         map[string]string // what else is on its disk
}

// kernel is Debian's for virtual machines, which has all modules, and a program
// that does what it takes to mount a disk.
var kernel = debian.Spec{
	Name: "vm", Suite: "bookworm", Packages: []string{"linux-image-cloud-" + runtime.GOARCH}, Alone: []string{"busybox-static"},
	Assume: []string{"initramfs-tools", "linux-base", "kmod"}, Keep: []string{"boot"},
}

// early are the modules without which there is neither disk nor network.
var early = []string{"virtio_pci", "virtio_blk", "virtio_net", "ext4", "crc32c_generic", "virtio_rng"}

// start makes the machine's disk and lets it boot; it ends with the test.
func (m machine) start(t *testing.T, image string) {
	t.Helper()
	dir := t.TempDir()
	root, boot, initial := filepath.Join(dir, "root"), filepath.Join(dir, "kernel"), filepath.Join(dir, "initial")
	if err := debian.Build(t.Context(), kernel, boot, event.Discard); err != nil {
		t.Fatal(err)
	}
	versions, err := filepath.Glob(filepath.Join(boot, "usr/lib/modules/*"))
	if err != nil || len(versions) != 1 {
		t.Fatalf("kernels %v: %v", versions, err)
	}
	version := filepath.Base(versions[0])
	shell(t, `set -o pipefail; mkdir "$1"; id=$(docker create "$2"); trap 'docker rm -v "$id" >/dev/null' EXIT; docker export "$id" | tar -x -C "$1"`, root, image)
	shell(t, `cp -a "$1/usr/lib/modules" "$2/usr/lib/"; chroot "$2" depmod "$3"`, boot, root, version)
	m.furnish(t, root)
	m.initial(t, initial, boot, filepath.Join(root, "usr/lib/modules", version))
	disk := filepath.Join(dir, "disk")
	shell(t, `truncate -s 12G "$1"; mke2fs -q -t ext4 -F -d "$2" "$1"; rm -rf "$2"`, disk, root)

	tap := "kindctl-vm"
	bridge := shell(t, `docker network inspect -f '{{.Id}}' "$1" | cut -c1-12`, m.network)
	shell(t, `ip link del "$1" 2>/dev/null || true; ip tuntap add dev "$1" mode tap; ip link set "$1" master "br-$2" up`, tap, bridge)
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", tap).Run() })
	console := filepath.Join(dir, "console")
	qemu := exec.Command("qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3G", "-nographic", "-no-reboot",
		"-kernel", filepath.Join(boot, "boot/vmlinuz-"+version), "-initrd", initial, "-append", "console=ttyS0 quiet panic=1 systemd.show_status=1 systemd.unified_cgroup_hierarchy=1",
		"-drive", "if=virtio,format=raw,cache=unsafe,file="+disk, "-netdev", "tap,id=net,script=no,downscript=no,ifname="+tap, "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci",
		"-serial", "file:"+console, "-monitor", "none", "-display", "none")
	if err := qemu.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- qemu.Wait() }()
	t.Cleanup(func() {
		_ = qemu.Process.Kill()
		t.Logf("qemu: %v", <-ended)
		if t.Failed() {
			said, _ := os.ReadFile(console)
			t.Logf("the machine's console:\n%s", said[max(0, len(said)-16<<10):])
		}
	})
}

// furnish writes what the entrypoint of a node's container would, and what makes
// this one a node.
func (m machine) furnish(t *testing.T, root string) {
	t.Helper()
	hosts := "127.0.0.1 localhost\n::1 localhost\n" + m.address + " " + m.name + "\n"
	for name, address := range m.hosts {
		hosts += address + " " + name + "\n"
	}
	files := map[string]string{
		"/etc/hostname": m.name + "\n", "/etc/hosts": hosts, "/etc/resolv.conf": "nameserver " + m.gateway.Addr().String() + "\n", "/etc/machine-id": strings.Repeat("7", 32) + "\n",
		"/kind/product_name": "kind\n", "/kind/product_uuid": "77777777-7777-7777-7777-777777777777\n", // each container gets them
	}
	maps.Copy(files, m.files)
	for path, content := range files {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(file) // it may be a link
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// initial writes the file system in memory with which the kernel starts: it loads
// modules, gives the machine its address, and goes on with the disk.
func (m machine) initial(t *testing.T, file, boot, modules string) {
	t.Helper()
	tree := t.TempDir()
	var load []string
	for _, name := range early {
		for _, module := range needed(t, modules, name) {
			if !slices.Contains(load, module) {
				load = append(load, module)
			}
		}
	}
	script := "#!/bin/busybox sh\nexport PATH=/bin\nmkdir -p /proc /sys /dev /root\nmount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev\n"
	for _, module := range load {
		script += "insmod /modules/" + filepath.Base(module) + "\n"
	}
	script += fmt.Sprintf("until mount -t ext4 /dev/vda /root; do sleep 1; done\nip link set lo up; ip address add %s/%d dev eth0; ip link set eth0 up; ip route add default via %s\numount /proc /sys\nmount -o move /dev /root/dev\nexec switch_root /root /sbin/init\n",
		m.address, m.gateway.Bits(), m.gateway.Addr())
	if err := os.WriteFile(filepath.Join(tree, "init"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, module := range load {
		shell(t, `mkdir -p "$2/modules"; cp "$1" "$2/modules/"`, filepath.Join(modules, module), tree)
	}
	shell(t, `mkdir "$1/bin"; cp "$2/usr/bin/busybox" "$1/bin/"; "$1/bin/busybox" --list | while read -r name; do [ "$name" = busybox ] || ln -s busybox "$1/bin/$name"; done
		cd "$1"; find . | bin/busybox cpio -o -H newc 2>/dev/null >"$3"`, tree, boot, file)
}

// needed are the files of a module and of those that it needs, these first. What
// is built into the kernel has none.
func needed(t *testing.T, modules, name string) []string {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(modules, "modules.dep"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		file, needs, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.TrimSuffix(filepath.Base(file), ".ko") == name {
			files := strings.Fields(needs)
			slices.Reverse(files)
			return append(files, file)
		}
	}
	return nil
}

// shell runs a script with arguments, and returns what it printed.
func shell(t *testing.T, script string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-euc", script, "bash"}, arguments...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s\n%s", script, arguments, err, out, &stderr)
	}
	return strings.TrimSpace(string(out))
}
