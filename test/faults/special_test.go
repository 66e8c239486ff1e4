//go:build faults

package faults

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os/exec"
	"strings"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// These faults take more than a command.

const samplePolicy = `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "allow"}, "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]}}`

const sampleService = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "fleet"}, "spec": {"ports": [{"port": 80}]}}`

func samplePod(name string) string {
	return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q}, "spec": {"automountServiceAccountToken": false, "containers": [{"name": "a", "image": "b"}]}}`, name)
}

// shortLived gives a kubelet a serving certificate of two days.
func shortLived(c *cluster) func() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: c.other()}, DNSNames: []string{c.other()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		c.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.Fatal(err)
	}
	var pair [2]bytes.Buffer
	_ = pem.Encode(&pair[0], &pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	_ = pem.Encode(&pair[1], &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	c.Exec(c.other(), "cp -a /var/lib/kubelet/pki /root/")
	c.Input(c.other(), pair[0].String(), "cat > /var/lib/kubelet/pki/kubelet.crt")
	c.Input(c.other(), pair[1].String(), "cat > /var/lib/kubelet/pki/kubelet.key")
	c.Exec(c.other(), "systemctl restart kubelet")
	return func() { c.Exec(c.other(), "cp -a /root/pki /var/lib/kubelet/ && systemctl restart kubelet") }
}

// etcdctl runs etcdctl in the etcd pod.
func (c *cluster) etcdctl(args string) string {
	c.Helper()
	const pki = "/etc/kubernetes/pki/etcd/"
	return c.kubectl(fmt.Sprintf("-n kube-system exec etcd-%s -- etcdctl --cacert=%sca.crt --cert=%sserver.crt --key=%sserver.key %s", c.controlPlane(), pki, pki, pki, args))
}

// learner adds a member that does not vote, and never starts.
func learner(c *cluster) func() {
	out := c.etcdctl("member add fault --learner --peer-urls=https://192.0.2.1:2380 -w json")
	var added struct {
		Member struct{ ID uint64 } `json:"member"`
	}
	if err := json.Unmarshal([]byte(out), &added); err != nil {
		c.Fatalf("%v: %s", err, out)
	}
	return func() { c.etcdctl(fmt.Sprintf("member remove %x", added.Member.ID)) }
}

// quota leaves etcd a seventh of its database's size.
func quota(c *cluster) func() {
	out := c.etcdctl("endpoint status -w json")
	var endpoints []struct {
		Status struct {
			Size int64 `json:"dbSize"`
		}
	}
	if err := json.Unmarshal([]byte(out), &endpoints); err != nil || len(endpoints) != 1 {
		c.Fatalf("%v: %s", err, out)
	}
	heal := argument("etcd", fmt.Sprintf("--quota-backend-bytes=%d", endpoints[0].Status.Size*8/7))(c)
	c.elected()
	return func() { heal(); c.elected() }
}

// corefile changes CoreDNS's configuration and starts CoreDNS anew.
func corefile(expression string) func(*cluster) func() {
	return edited("-n kube-system configmap coredns", expression, "-n kube-system deployment/coredns")
}

// block is the range of pod addresses that a node has from Calico.
func (c *cluster) block(node string) string {
	c.Helper()
	return c.kubectl(fmt.Sprintf(`get ipamblocks.crd.projectcalico.org -o jsonpath='{.items[?(@.spec.affinity=="host:%s")].spec.cidr}'`, node))
}

// between adds a rule to the second worker for what comes from the first one's pods.
func between(what string) func(*cluster) func() {
	return func(c *cluster) func() {
		return rule(other, "raw", "PREROUTING", fmt.Sprintf("-s %s -d %s %s", c.block(c.worker()), c.block(c.other()), what))(c)
	}
}

// natOutgoing has Calico masquerade nothing.
func natOutgoing(c *cluster) func() {
	set := func(on bool) {
		c.kubectl(fmt.Sprintf(`patch ippools.crd.projectcalico.org default-ipv4-ippool --type=merge -p '{"spec": {"natOutgoing": %t}}'`, on))
	}
	masqueraded := "iptables-save -t nat | grep -q cali40masq-ipam-pools"
	set(false)
	c.Eventually(time.Minute, func() (string, error) { return c.TryExec(c.worker(), "! "+masqueraded) })
	return func() {
		set(true)
		c.Eventually(time.Minute, func() (string, error) { return c.TryExec(c.worker(), masqueraded) })
	}
}

// unreachable adds routes that are more special than Calico's own.
func unreachable(c *cluster) func() {
	network, _, _ := strings.Cut(c.block(c.other()), "/")
	prefix := network[:strings.LastIndex(network, ".")]
	var first int
	if _, err := fmt.Sscanf(network[len(prefix):], ".%d", &first); err != nil {
		c.Fatal(err)
	}
	halves := []string{fmt.Sprintf("%s.%d/27", prefix, first), fmt.Sprintf("%s.%d/27", prefix, first+32)}
	for _, half := range halves {
		c.Exec(c.worker(), "ip route add unreachable "+half)
	}
	return func() {
		for _, half := range halves {
			c.Exec(c.worker(), "ip route del unreachable "+half)
		}
	}
}

// unallocated takes the address of a CoreDNS pod out of its block.
func unallocated(c *cluster) func() {
	fields := strings.Fields(c.kubectl(`-n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[0].spec.nodeName} {.items[0].status.podIP}'`))
	node, address := fields[0], fields[1]
	name := c.kubectl(fmt.Sprintf(`get ipamblocks.crd.projectcalico.org -o jsonpath='{.items[?(@.spec.affinity=="host:%s")].metadata.name}'`, node))
	var first, index int
	network, _, _ := strings.Cut(c.block(node), "/")
	_, _ = fmt.Sscanf(network[strings.LastIndex(network, "."):], ".%d", &first)
	_, _ = fmt.Sscanf(address[strings.LastIndex(address, "."):], ".%d", &index)
	index -= first
	before := c.kubectl(fmt.Sprintf(`get ipamblocks.crd.projectcalico.org %s -o jsonpath='{.spec.allocations[%d]}'`, name, index))
	set := func(value string) {
		c.kubectl(fmt.Sprintf(`patch ipamblocks.crd.projectcalico.org %s --type=json -p '[{"op": "replace", "path": "/spec/allocations/%d", "value": %s}]'`, name, index, value))
	}
	set("null")
	return func() { set(before) }
}

// delayed lets the answers of the CoreDNS pods out slowly, inside their network
// namespaces, because Calico looks after the host's end: after a burst, one of
// 160 bytes takes an eighth of a second, and the kubelets' probes still get theirs.
func delayed(c *cluster) func() {
	pods := c.kubectl(`-n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{range .items[*]}{.spec.nodeName} {.status.podIP}{"\n"}{end}'`)
	inside := func(command string) {
		for line := range strings.Lines(pods) {
			node, address, _ := strings.Cut(strings.TrimSpace(line), " ")
			c.Exec(node, fmt.Sprintf(`for ns in $(ls /run/netns); do
				ip netns exec $ns ip -4 addr | grep -q "inet %s/" && ip netns exec $ns tc qdisc %s && exit 0
			done; exit 1`, address, command))
		}
	}
	inside("add dev eth0 root tbf rate 10kbit burst 1600 latency 20s")
	return func() { inside("del dev eth0 root") }
}

// frozenAtRemoval stops kube-proxy on a node when svc.remove takes its first
// endpoint away, not earlier, and not before the Service of svc.hairpin is
// served there, which is under way at the same time: the command lists the
// Services that the node's kernel knows. All else that needs kube-proxy is over.
func frozenAtRemoval(services string) func(*cluster) func() {
	return func(c *cluster) func() {
		kubeconfig := c.Must("get", "kubeconfig", "-n", c.name).Stdout
		client, err := kube.FromKubeconfigData([]byte(kubeconfig))
		if err != nil {
			c.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		slices, selection := client.Clientset.DiscoveryV1().EndpointSlices(""), metav1.ListOptions{LabelSelector: verify.RunLabel}
		earlier, err := slices.List(ctx, selection)
		if err != nil {
			c.Fatal(err)
		}
		selection.ResourceVersion = earlier.ResourceVersion // those of the last run may not be gone yet
		changes, err := slices.Watch(ctx, selection)
		if err != nil {
			c.Fatal(err)
		}
		wait, freeze, end := c.trap(fmt.Sprintf(`pid=$(pgrep -x kube-proxy); read -r namespace || exit
			for n in $(seq 300); do
				%s | grep -q "$namespace/hairpin" && break; sleep 0.1
			done
			read -r gone || exit
			kill -STOP $pid`, services))
		done := make(chan struct{})
		go func() {
			defer close(done)
			most := 0
			for change := range changes.ResultChan() {
				slice, is := change.Object.(*discoveryv1.EndpointSlice)
				if !is || slice.Name != "leaving" || change.Type == watch.Deleted {
					continue
				}
				if most == 0 {
					wait(slice.Namespace)
				}
				if most = max(most, len(slice.Endpoints)); len(slice.Endpoints) < most {
					freeze()
					return
				}
			}
		}()
		return func() {
			stop()
			changes.Stop()
			<-done
			end()
			_, _ = c.TryExec(c.worker(), "pkill -CONT -x kube-proxy")
		}
	}
}

// trap starts a script in the worker beforehand, so that no time is lost when it
// is to act: it reads a line with a namespace, and another when the moment has
// come. Where input ends, it ends.
func (c *cluster) trap(script string) (wait func(namespace string), act, end func()) {
	c.Helper()
	cmd := exec.Command("docker", "exec", "-i", c.worker(), "bash", "-c", script)
	input, err := cmd.StdinPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	return func(namespace string) { fmt.Fprintln(input, namespace) },
		func() { fmt.Fprintln(input, "now") },
		func() { input.Close(); _ = cmd.Wait() }
}
