//go:build vm

package vm

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/forge"
)

const (
	cluster = "vm"
	plane   = cluster + "-control-plane"
	worker  = cluster + "-machine"
	// pods of the machine, on which alone they all run, so that no route leads there
	// from elsewhere.
	podSubnet = "10.244.7.0/24"
)

// joining has the machine become a node when it has booted, and its pods have
// addresses of a network of their own.
func joining(token string) map[string]string {
	return map[string]string{
		"/kind/join.conf": fmt.Sprintf(`apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: {bootstrapToken: {apiServerEndpoint: "%s:6443", token: %s, unsafeSkipCAVerification: true}, tlsBootstrapToken: %s}
timeouts: {discovery: 10m, tlsBootstrap: 10m, kubeletHealthCheck: 10m}
nodeRegistration: {name: %s, criSocket: "unix:///run/containerd/containerd.sock", ignorePreflightErrors: [all]}
`, plane, token, token, worker),
		"/etc/systemd/system/multi-user.target.d/join.conf": "[Unit]\nWants=join.service\n",
		"/etc/systemd/system/join.service": `[Unit]
After=containerd.service
Wants=containerd.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardOutput=journal+console
StandardError=journal+console
ExecStart=/usr/bin/kubeadm join --config /kind/join.conf
`,
		// What kind's node does before its kubelet starts is for the cgroups of a
		// container, whose root holds no process.
		"/etc/systemd/system/kubelet.service.d/machine.conf": `[Service]
StandardError=journal+console
ExecStartPre=
ExecStartPre=/bin/sh -euc 'cd /sys/fs/cgroup; for group in . kubelet kubelet.slice; do mkdir -p $$group; sed "s/ / +/g; s/^/+/" <$$group/cgroup.controllers >$$group/cgroup.subtree_control; done'
`,
		"/etc/modules-load.d/machine.conf": "ip_vs\nip_vs_rr\noverlay\nbr_netfilter\n",
		"/etc/cni/net.d/10-ptp.conflist": fmt.Sprintf(`{"cniVersion": "0.4.0", "name": "ptp", "plugins": [
{"type": "ptp", "ipMasq": true, "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam-state", "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": "%s"}]]}},
{"type": "portmap", "capabilities": {"portMappings": true}}]}
`, podSubnet),
	}
}

// TestIPVS has kube-proxy work in mode ipvs on a kernel that has ip_vs, for a cluster
// whose API server is outside of the machine. What it made of a Service is read from
// that kernel, traffic goes through it, and the checks say the same.
func TestIPVS(t *testing.T) {
	began := time.Now()
	for _, program := range []string{"qemu-system-x86_64", "mke2fs", "ip", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not there: make test-vm installs it on Debian and Ubuntu", program)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("a device of the machine's network takes root")
	}
	kindctl := filepath.Join(t.TempDir(), "kindctl")
	shell(t, `CGO_ENABLED=0 go build -trimpath -o "$1" ../..`, kindctl)
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "kubeconfig"))
	remove := func() { shell(t, `"$1" down -q -n "$2"`, kindctl, cluster) }
	remove()
	t.Cleanup(remove)
	built, err := forge.Build(t.Context(), forge.Spec{CNI: forge.None}, forge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	shell(t, `"$1" up -q --cni none --workers 0 --image "$2" -n "$3"`, kindctl, built.NodeImage, cluster)
	// The kernel of the machine is to do it, and that of this one cannot: what its
	// kube-proxy has made stays.
	kubectl(t, `get configmap kube-proxy -n kube-system -o yaml | sed 's/mode: iptables/mode: ipvs/' | kubectl replace -f -`)
	kubectl(t, `delete configmap kindctl -n kube-system`) // verify has to discover a cluster of another shape
	address := shell(t, `docker inspect -f '{{(index .NetworkSettings.Networks "kind").IPAddress}}' "$1"`, plane)
	bridge := shell(t, `docker inspect -f '{{with index .NetworkSettings.Networks "kind"}}{{.Gateway}}/{{.IPPrefixLen}}{{end}}' "$1"`, plane)
	gateway, err := netip.ParsePrefix(bridge)
	if err != nil {
		t.Fatal(err)
	}
	token := shell(t, `docker exec "$1" kubeadm token create`, plane)
	t.Logf("the cluster is there after %v", time.Since(began).Round(time.Second))

	machine{
		name:    worker,
		address: last(gateway),
		network: "kind",
		gateway: gateway,
		hosts:   map[string]string{plane: address},
		files:   joining(token),
	}.start(t, built.NodeImage)
	t.Logf("the machine's disk is there after %v", time.Since(began).Round(time.Second))
	kubectl(t, fmt.Sprintf(`wait --for=create node/%s --timeout=15m`, worker))
	t.Logf("the machine has joined after %v", time.Since(began).Round(time.Second))
	kubectl(t, fmt.Sprintf(`wait --for=condition=Ready node/%s --timeout=10m`, worker))
	kubectl(t, "delete node "+plane)
	kubectl(t, "scale deployment/coredns -n kube-system --replicas=1")
	kubectl(t, "rollout status daemonset/kube-proxy -n kube-system --timeout=10m")
	kubectl(t, "rollout status deployment/coredns -n kube-system --timeout=10m")
	t.Logf("the machine is ready after %v", time.Since(began).Round(time.Second))

	image := shell(t, `docker exec "$1" ctr -n k8s.io images ls -q | grep agnhost`, plane)
	kubectl(t, fmt.Sprintf("create deployment web --image=%s --replicas=3 -- /agnhost netexec", image))
	kubectl(t, fmt.Sprintf("create deployment client --image=%s -- /agnhost pause", image))
	kubectl(t, "expose deployment web --port=80 --target-port=8080")
	kubectl(t, "rollout status deployment/web --timeout=10m")
	kubectl(t, "rollout status deployment/client --timeout=10m")

	// The kernel's own list, read where kube-proxy runs, which is the machine's network.
	service := netip.MustParseAddr(kubectl(t, "get service web -o jsonpath={.spec.clusterIP}"))
	proxy := kubectl(t, "get pods -n kube-system -l k8s-app=kube-proxy --field-selector spec.nodeName="+worker+" -o name")
	pods := strings.Fields(kubectl(t, "get pods -l app=web -o jsonpath={.items[*].status.podIP}"))
	for deadline := time.Now().Add(time.Minute); ; { // kube-proxy hears of pods after us
		list := kubectl(t, fmt.Sprintf("exec -n kube-system %s -- cat /proc/net/ip_vs", proxy))
		problem := lacks(list, netip.AddrPortFrom(service, 80), pods, 8080)
		if problem == "" {
			t.Logf("/proc/net/ip_vs:\n%s", list)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s:\n%s", problem, list)
		}
	}
	if mode := kubectl(t, fmt.Sprintf(`exec -n kube-system %s -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/10249; printf "GET /proxyMode HTTP/1.0\r\n\r\n" >&3; cat <&3'`, proxy)); !strings.HasSuffix(mode, "ipvs") {
		t.Errorf("/proxyMode says %q", mode)
	}
	answers := map[string]int{}
	for answer := range strings.FieldsSeq(kubectl(t, fmt.Sprintf(`exec deployment/client -- bash -c 'for i in $(seq 30); do exec 3<>/dev/tcp/%s/80; printf "GET /hostname HTTP/1.0\r\n\r\n" >&3; tail -1 <&3; echo; done'`, service))) {
		answers[answer]++
	}
	t.Logf("30 connections: %v", answers)
	if len(answers) != 3 {
		t.Errorf("traffic is spread over %d pods, not 3", len(answers))
	}
	verified := shell(t, `"$1" verify --context "kind-$2" --only kubelet.work,net.pods,proxy.mode,proxy.health,proxy.rules,svc.clusterip,svc.spread --show-evidence`, kindctl, cluster)
	t.Logf("%s", verified)
	for _, text := range []string{"ipvs", "TCP 10.96."} {
		if !strings.Contains(verified, text) {
			t.Errorf("the evidence lacks %q", text)
		}
	}
	t.Logf("all of it took %v", time.Since(began).Round(time.Second))
}

// lacks says what a kernel's list of virtual servers lacks of a Service and its pods.
func lacks(list string, service netip.AddrPort, pods []string, port uint16) string {
	_, servers, found := strings.Cut(list, "TCP  "+inHex(service)+" ")
	if !found {
		return fmt.Sprintf("there is no virtual server %s", service)
	}
	servers, _, _ = strings.Cut(servers, "\nTCP")
	for _, pod := range pods {
		if server := netip.AddrPortFrom(netip.MustParseAddr(pod), port); !strings.Contains(servers, inHex(server)) {
			return fmt.Sprintf("the virtual server %s has no real server %s", service, server)
		}
	}
	return ""
}

// inHex is how the kernel's list writes an address of IPv4.
func inHex(address netip.AddrPort) string {
	return fmt.Sprintf("%X:%04X", address.Addr().AsSlice(), address.Port())
}

// kubectl runs a command of kubectl, and what is piped to it.
func kubectl(t *testing.T, command string) string {
	t.Helper()
	return shell(t, `kubectl() { docker exec -i `+plane+` kubectl --kubeconfig=/etc/kubernetes/admin.conf "$@"; }; set -o pipefail; kubectl `+command)
}

// last is an address at the end of a network, which Docker gives to no one soon.
func last(gateway netip.Prefix) string {
	address := gateway.Masked().Addr().As4()
	everyone := binary.BigEndian.Uint32(address[:]) | (1<<(32-gateway.Bits()) - 1)
	binary.BigEndian.PutUint32(address[:], everyone-1)
	return netip.AddrFrom4(address).String()
}
