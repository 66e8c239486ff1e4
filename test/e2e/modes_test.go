//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestKubeProxyReplacement runs Cilium with no kube-proxy at all.
func TestKubeProxyReplacement(t *testing.T) {
	long(t)
	t.Parallel()
	const cluster = "e2e-kpr"
	s := newSession(t, cluster)
	s.Must("up", "--cni", "cilium", "--proxy-mode", "none", "--workers", "1", "-n", cluster)
	if got := s.Kubectl(cluster, "-n", "kube-system", "get", "daemonset", "-o", "name"); strings.Contains(got, "kube-proxy") {
		t.Errorf("kube-proxy is there:\n%s", got)
	}
	if rules := s.Output("docker", "exec", cluster+"-worker", "iptables-save"); strings.Contains(rules, "KUBE-SVC-") {
		t.Errorf("the worker has kube-proxy's rules:\n%s", rules)
	}
	s.showsEvidence(cluster, "cil.lb", entryOfCilium)
}

// TestWithoutCNI makes a cluster whose CNI is for its user to install, and has kind's
// own commands work on it.
func TestWithoutCNI(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-bare"
	s := newSession(t, cluster)
	s.Must("up", "--cni", "none", "--workers", "1", "-n", cluster)
	if got := s.Kubectl(cluster, "get", "nodes"); strings.Count(got, "NotReady") != 2 {
		t.Errorf("not both nodes wait for a CNI:\n%s", got)
	}
	if got := s.Must("verify", "-n", cluster).Stdout; !strings.Contains(got, "no CNI is set up") {
		t.Errorf("nothing says what is left out, and why:\n%s", got)
	}
	s.isKinds(cluster, cluster+"-control-plane", cluster+"-worker")
	s.goesWithKind(cluster)
}

// TestHighlyAvailable runs three control planes behind a load balancer.
func TestHighlyAvailable(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-ha"
	s := newSession(t, cluster)
	// On a network of its own, where no other test takes the address of a stopped control plane.
	s.Must("up", "--cni", "cilium", "--control-planes", "3", "--workers", "1", "--network", cluster, "-n", cluster)
	members := s.Kubectl(cluster, "-n", "kube-system", "exec", "etcd-"+cluster+"-control-plane", "--", "etcdctl",
		"--cacert=/etc/kubernetes/pki/etcd/ca.crt", "--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key", "member", "list")
	if got := strings.Count(members, "started"); got != 3 {
		t.Errorf("%d etcd members are started, want 3:\n%s", got, members)
	}
	if got := s.Must("get", "nodes", "-n", cluster, "-o", "name").Stdout; !strings.Contains(got, cluster+"-external-load-balancer") {
		t.Errorf("there is no load balancer among the nodes:\n%s", got)
	}
	front := s.Output("docker", "inspect", "-f", "{{.Config.Image}} {{.Config.User}}", cluster+"-external-load-balancer")
	if !strings.Contains(front, "/load-balancer:") && !strings.Contains(front, "/haproxy:") || !strings.HasSuffix(front, " 65534:65534") {
		t.Errorf("the load balancer is %s", front)
	}
	s.controlPlanesComeAndGo(cluster)
	if !testing.Short() {
		s.losesQuorum(cluster)
	}
	plane := cluster + "-control-plane"
	s.isKinds(cluster, plane, plane+"2", plane+"3", cluster+"-worker", cluster+"-external-load-balancer")
	s.goesWithKind(cluster)
}

// losesQuorum stops two of three control planes, and starts them again.
func (s *session) losesQuorum(cluster string) {
	s.Helper()
	s.Output("docker", "stop", "-t", "5", cluster+"-control-plane2", cluster+"-control-plane3")
	if r := s.Kindctl("verify", "-n", cluster); r.Code != 5 || !strings.Contains(r.Stderr, "lost its quorum") || !strings.Contains(r.Stderr, cluster+"-control-plane2, "+cluster+"-control-plane3") {
		s.Errorf("two of three control planes are lost: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("start", "-n", cluster)
}
