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
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// These faults take more than a command.

// kubeletPKI is where a kubelet has the certificate that it made itself.
const kubeletPKI = "/var/lib/kubelet/pki/kubelet"

// shortLived gives a kubelet a serving certificate of two days.
var shortLived = action{
	look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
		for _, kind := range []string{"crt", "key"} {
			if undo[kind], err = c.run(ctx, c.Other, "", "cat "+kubeletPKI+"."+kind); err != nil {
				return err
			}
		}
		return nil
	},
	inject: func(ctx context.Context, c *Cluster, _ Undo) error {
		certificate, key, err := certificateOfTwoDays(c.Other)
		if err != nil {
			return err
		}
		return c.serveWith(ctx, certificate, key)
	},
	heal: func(ctx context.Context, c *Cluster, undo Undo) error {
		return c.serveWith(ctx, undo["crt"], undo["key"])
	},
}

// serveWith has the kubelet of Other serve with a certificate.
func (c *Cluster) serveWith(ctx context.Context, certificate, key string) error {
	err := errors.Join(c.write(ctx, c.Other, kubeletPKI+".crt", certificate), c.write(ctx, c.Other, kubeletPKI+".key", key))
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, c.Other, "systemctl restart kubelet")
	return err
}

func certificateOfTwoDays(node string) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: node}, DNSNames: []string{node},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	var pair [2]bytes.Buffer
	err = errors.Join(pem.Encode(&pair[0], &pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.Encode(&pair[1], &pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	return pair[0].String(), pair[1].String(), err
}

// etcdctl runs etcdctl in the etcd pod.
func (c *Cluster) etcdctl(ctx context.Context, args string) (string, error) {
	const pki = "/etc/kubernetes/pki/etcd/"
	return c.kubectl(ctx, fmt.Sprintf("-n kube-system exec etcd-%s -- etcdctl --cacert=%sca.crt --cert=%sserver.crt --key=%sserver.key %s", c.ControlPlane, pki, pki, pki, args))
}

// nowhere is the peer URL of the member that never starts (RFC 5737, TEST-NET-1).
const nowhere = "https://192.0.2.1:2380"

// learner adds a member that does not vote, and never starts.
var learner = action{
	inject: func(ctx context.Context, c *Cluster, _ Undo) error {
		_, err := c.etcdctl(ctx, "member add standby --learner --peer-urls="+nowhere)
		return err
	},
	heal: func(ctx context.Context, c *Cluster, _ Undo) error {
		out, err := c.etcdctl(ctx, "member list -w json")
		if err != nil {
			return err
		}
		var list struct {
			Members []struct {
				ID       uint64   `json:"ID"`
				PeerURLs []string `json:"peerURLs"`
			} `json:"members"`
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		for _, member := range list.Members {
			if len(member.PeerURLs) == 1 && member.PeerURLs[0] == nowhere {
				_, err = c.etcdctl(ctx, fmt.Sprintf("member remove %x", member.ID))
			}
		}
		return err
	},
}

// withQuota leaves etcd a seventh of its database's size.
func withQuota(ctx context.Context, c *Cluster, manifest string) (string, error) {
	out, err := c.etcdctl(ctx, "endpoint status -w json")
	if err != nil {
		return "", err
	}
	var endpoints []struct {
		Status struct {
			Size int64 `json:"dbSize"`
		}
	}
	if err := json.Unmarshal([]byte(out), &endpoints); err != nil || len(endpoints) != 1 {
		return "", fmt.Errorf("the status of one member was asked for: %w: %s", err, out)
	}
	return withFlag("etcd", fmt.Sprintf("--quota-backend-bytes=%d", endpoints[0].Status.Size*8/7))(ctx, c, manifest)
}

// corefile changes CoreDNS's configuration and starts CoreDNS again.
func corefile(expression string) action {
	return edited("-n kube-system configmap coredns", expression, "-n kube-system deployment/coredns")
}

// block is the range of pod addresses that a node has from Calico.
func (c *Cluster) block(ctx context.Context, node string) (string, error) {
	found, err := c.kubectl(ctx, fmt.Sprintf(`get ipamblocks.crd.projectcalico.org -o jsonpath='{.items[?(@.spec.affinity=="host:%s")].spec.cidr}'`, node))
	first, _, _ := strings.Cut(found, " ")
	if err == nil && first == "" {
		err = fmt.Errorf("node %s has no block of addresses", node)
	}
	return first, err
}

// between adds a rule to the second worker for what comes from the first one's pods.
func between(what string) action {
	run := func(ctx context.Context, c *Cluster, undo Undo, add bool) error {
		inject, heal := ruleScripts("iptables", "raw", "PREROUTING", fmt.Sprintf("-s %s -d %s %s", undo["from"], undo["to"], what))
		if add {
			heal = inject
		}
		_, err := c.exec(ctx, c.Other, heal)
		return err
	}
	return action{
		look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
			if undo["from"], err = c.block(ctx, c.Worker); err != nil {
				return err
			}
			undo["to"], err = c.block(ctx, c.Other)
			return err
		},
		inject: func(ctx context.Context, c *Cluster, undo Undo) error { return run(ctx, c, undo, true) },
		heal:   func(ctx context.Context, c *Cluster, undo Undo) error { return run(ctx, c, undo, false) },
	}
}

// natOutgoing has Calico masquerade nothing.
var natOutgoing = action{
	inject: func(ctx context.Context, c *Cluster, _ Undo) error { return c.masquerade(ctx, false) },
	heal:   func(ctx context.Context, c *Cluster, _ Undo) error { return c.masquerade(ctx, true) },
}

func (c *Cluster) masquerade(ctx context.Context, on bool) error {
	_, err := c.kubectl(ctx, fmt.Sprintf(`patch ippools.crd.projectcalico.org default-ipv4-ippool --type=merge -p '{"spec": {"natOutgoing": %t}}'`, on))
	if err != nil {
		return err
	}
	masqueraded := "iptables-save -t nat | grep -q cali40masq-ipam-pools"
	if !on {
		masqueraded = "! " + masqueraded
	}
	return c.succeeds(ctx, time.Minute, c.Worker, masqueraded)
}

// unreachable adds routes that are more special than Calico's own: to both halves of the
// second worker's block.
var unreachable = action{
	look: func(ctx context.Context, c *Cluster, undo Undo) error {
		block, err := c.block(ctx, c.Other)
		if err != nil {
			return err
		}
		prefix, first, err := lastByte(strings.TrimSuffix(block, "/26"))
		undo["first"], undo["second"] = fmt.Sprintf("%s.%d/27", prefix, first), fmt.Sprintf("%s.%d/27", prefix, first+32)
		return err
	},
	inject: func(ctx context.Context, c *Cluster, undo Undo) error {
		_, err := c.exec(ctx, c.Worker, fmt.Sprintf("ip route add unreachable %s && ip route add unreachable %s", undo["first"], undo["second"]))
		return err
	},
	heal: func(ctx context.Context, c *Cluster, undo Undo) error {
		_, err := c.exec(ctx, c.Worker, fmt.Sprintf("for half in %s %s; do ip route del unreachable $half 2>/dev/null || true; done", undo["first"], undo["second"]))
		return err
	},
}

// lastByte takes an address of IPv4 apart before its last byte.
func lastByte(address string) (prefix string, last int, err error) {
	at := strings.LastIndex(address, ".")
	if at < 0 {
		return "", 0, fmt.Errorf("%q is no address of IPv4", address)
	}
	last, err = strconv.Atoi(address[at+1:])
	return address[:at], last, err
}

// coreDNSPods has the node and the address of each CoreDNS pod on a line, but of those
// that are about to go.
const coreDNSPods = `-n kube-system get pods -l k8s-app=kube-dns -o go-template='{{range .items}}{{if not .metadata.deletionTimestamp}}{{.spec.nodeName}} {{.status.podIP}}{{"\n"}}{{end}}{{end}}'`

// unallocated takes the address of a CoreDNS pod out of its block.
var unallocated = action{
	look: func(ctx context.Context, c *Cluster, undo Undo) error {
		out, err := c.kubectl(ctx, coreDNSPods+" | head -1")
		if err != nil {
			return err
		}
		node, address, _ := strings.Cut(out, " ")
		block, err := c.block(ctx, node)
		if err != nil {
			return err
		}
		_, first, err := lastByte(strings.TrimSuffix(block, "/26"))
		if err != nil {
			return err
		}
		_, own, err := lastByte(address)
		if err != nil {
			return err
		}
		undo["address"] = address
		undo["block"] = strings.NewReplacer(".", "-", "/", "-").Replace(block)
		undo["at"] = strconv.Itoa(own - first)
		undo["value"], err = c.allocation(ctx, undo)
		if err == nil && undo["value"] == free {
			err = fmt.Errorf("block %s has nothing for %s", block, address)
		}
		return err
	},
	inject: func(ctx context.Context, c *Cluster, undo Undo) error { return c.allocate(ctx, undo, free) },
	heal: func(ctx context.Context, c *Cluster, undo Undo) error {
		pods, err := c.kubectl(ctx, coreDNSPods)
		if err != nil || !strings.Contains(pods+"\n", " "+undo["address"]+"\n") { // the pod is gone, and its address may be another's
			return err
		}
		if now, err := c.allocation(ctx, undo); err != nil || now != free {
			return err
		}
		return c.allocate(ctx, undo, undo["value"])
	},
}

// free is what a block of Calico's says of an address that no one has.
const free = "null"

// allocation is what a block of Calico's says of an address.
func (c *Cluster) allocation(ctx context.Context, undo Undo) (string, error) {
	return c.kubectl(ctx, fmt.Sprintf(`get ipamblocks.crd.projectcalico.org %s -o jsonpath='{.spec.allocations[%s]}'`, undo["block"], undo["at"]))
}

func (c *Cluster) allocate(ctx context.Context, undo Undo, value string) error {
	_, err := c.kubectl(ctx, fmt.Sprintf(`patch ipamblocks.crd.projectcalico.org %s --type=json -p '[{"op": "replace", "path": "/spec/allocations/%s", "value": %s}]'`,
		undo["block"], undo["at"], value))
	return err
}

// delayed lets the answers of the CoreDNS pods out slowly, inside their network
// namespaces, because Calico looks after the host's end: after a burst, one of
// 160 bytes takes an eighth of a second, and the kubelets' probes still get theirs.
var delayed = action{
	look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
		undo["pods"], err = c.kubectl(ctx, coreDNSPods)
		return err
	},
	inject: func(ctx context.Context, c *Cluster, undo Undo) error {
		return c.inPods(ctx, undo["pods"], "tc qdisc add dev eth0 root tbf rate 10kbit burst 1600 latency 20s", "exit 1")
	},
	heal: func(ctx context.Context, c *Cluster, undo Undo) error {
		return c.inPods(ctx, undo["pods"], "tc qdisc del dev eth0 root", "exit 0")
	},
}

// inPods runs a command in the network namespaces of pods, each on a line with its node
// and its address, and otherwise what is said for pods that are gone.
func (c *Cluster) inPods(ctx context.Context, pods, command, otherwise string) error {
	for line := range strings.Lines(pods) {
		node, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		_, err := c.exec(ctx, node, fmt.Sprintf(`for ns in $(ls /run/netns); do
			ip netns exec $ns ip -4 addr | grep -q "inet %s/" && ip netns exec $ns %s && exit 0
		done; %s`, address, command, otherwise))
		if err != nil {
			return err
		}
	}
	return nil
}

// felixTables sets whether Felix writes nftables, on every node.
func felixTables(broken, healthy string) action {
	nftables := func(mode string) string {
		return kubectl + " -n kube-system set env daemonset/calico-node FELIX_NFTABLESMODE=" + mode + " && " + kubectl + " -n kube-system rollout status --timeout=150s daemonset/calico-node"
	}
	return script(onControlPlane, nftables(broken), nftables(healthy))
}

// subnetRule adds a packet filter rule to the first worker, in which SUBNET stands for the
// range that a flag of a control plane's component names.
func subnetRule(component, flag, table, chain, arguments string) action {
	run := func(ctx context.Context, c *Cluster, undo Undo, add bool) error {
		inject, heal := ruleScripts("iptables", table, chain, strings.Replace(arguments, "SUBNET", undo["subnet"], 1))
		if add {
			heal = inject
		}
		_, err := c.exec(ctx, c.Worker, heal)
		return err
	}
	return action{
		look: func(ctx context.Context, c *Cluster, undo Undo) error {
			out, err := c.exec(ctx, c.ControlPlane, fmt.Sprintf("sed -n 's/^ *- --%s=//p' %s", flag, manifestPath(component)))
			undo["subnet"], _, _ = strings.Cut(out, ",")
			if err == nil && undo["subnet"] == "" {
				err = fmt.Errorf("%s has no flag --%s", component, flag)
			}
			return err
		},
		inject: func(ctx context.Context, c *Cluster, undo Undo) error { return run(ctx, c, undo, true) },
		heal:   func(ctx context.Context, c *Cluster, undo Undo) error { return run(ctx, c, undo, false) },
	}
}
