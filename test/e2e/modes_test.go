//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestKubeProxyReplacement runs Cilium with no kube-proxy at all.
func TestKubeProxyReplacement(t *testing.T) {
	const cluster = "e2e-kpr"
	s := newSession(t, cluster)
	s.must("up", "--cni", "cilium", "--proxy-mode", "none", "--workers", "1", "-n", cluster)
	if got := s.kubectl(cluster, "-n", "kube-system", "get", "daemonset", "-o", "name"); strings.Contains(got, "kube-proxy") {
		t.Errorf("kube-proxy is there:\n%s", got)
	}
	if rules := s.output("docker", "exec", cluster+"-worker", "iptables-save"); strings.Contains(rules, "KUBE-SVC-") {
		t.Errorf("the worker has kube-proxy's rules:\n%s", rules)
	}
	s.green(cluster)
}

// TestNftables runs Calico and kube-proxy both on nftables.
func TestNftables(t *testing.T) {
	const cluster = "e2e-nft"
	s := newSession(t, cluster)
	s.must("up", "--cni", "calico", "--proxy-mode", "nftables", "--workers", "1", "-n", cluster)
	if rules := s.output("docker", "exec", cluster+"-worker", "nft", "list", "table", "ip", "kube-proxy"); !strings.Contains(rules, "service-") {
		t.Errorf("kube-proxy's table holds no service:\n%s", rules)
	}
	s.green(cluster)
}
