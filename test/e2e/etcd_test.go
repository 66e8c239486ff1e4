//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestExternalEtcd has etcd in containers of its own, loses members of it, and stops
// and starts the cluster at other addresses.
func TestExternalEtcd(t *testing.T) {
	const cluster, member = "e2e-etcd", "e2e-etcd-external-etcd"
	s := newSession(t, cluster)
	if r := s.kindctl("up", "--etcd", "external", "--etcd-members", "4", "-n", cluster); r.code != 2 || !strings.Contains(r.stderr, "no more than 3 members would") {
		t.Errorf("an even number of members: exit %d\n%s", r.code, r.stderr)
	}
	s.must("up", "--cni", "calico", "--profile", "external-etcd", "--workers", "1", "-n", cluster)
	if roles := s.must("get", "nodes", "-n", cluster).stdout; strings.Count(roles, " external-etcd ") != 3 {
		t.Errorf("the nodes are\n%s", roles)
	}
	for _, name := range []string{member, member + "2", member + "3"} { // no part of Kubernetes, but where its objects are
		keys := s.output("docker", "exec", name, "sh", "-c", "grep -rlc kube-system/kindctl /var/lib/etcd/member | head -1")
		if !strings.Contains(keys, "/var/lib/etcd/member") {
			t.Errorf("%s holds nothing of the cluster: %q", name, keys)
		}
	}
	if pods := s.kubectl(cluster, "-n", "kube-system", "get", "pods", "-o", "name"); strings.Contains(pods, "pod/etcd-"+cluster) {
		t.Errorf("etcd runs in the cluster too:\n%s", pods)
	}
	if out, err := s.try("docker", "exec", cluster+"-control-plane", "sh", "-c", "ls -A /var/lib/etcd"); err == nil && out != "" {
		t.Errorf("there is data of etcd on the control plane: %s", out)
	}
	s.kubectl(cluster, "create", "configmap", "keepsake", "--from-literal=a=b")

	s.output("docker", "stop", "-t", "5", member+"2")
	s.eventually(time.Minute, func() (string, error) { // it may have been the leader
		return s.try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "create", "configmap", "written-by-two", "--from-literal=a=b")
	})
	if r := s.kindctl("verify", "-n", cluster, "--only", "etcd"); r.code != 5 || !strings.Contains(r.stdout, member+"2: ") || !strings.Contains(r.stdout, "2 of 3 members answer: the quorum of 2 holds") {
		t.Errorf("a member is lost: exit %d\n%s", r.code, r.stdout)
	}
	s.output("docker", "stop", "-t", "5", member+"3")
	if r := s.kindctl("verify", "-n", cluster); r.code != 5 || !strings.Contains(r.stderr, "lost its quorum") || !strings.Contains(r.stderr, member+"2, "+member+"3") {
		t.Errorf("two members are lost: exit %d\n%s", r.code, r.stderr)
	}
	s.must("start", "-n", cluster)

	before := s.addresses(cluster)
	s.must("stop", "-n", cluster)
	s.squat(s.networkOf(cluster), before[member], "e2e-etcd-squatter")
	s.must("start", "-n", cluster)
	if after := s.addresses(cluster); after[member] == before[member] {
		t.Errorf("the member has its old address, so nothing is shown here: %v", after)
	}
	s.kubectl(cluster, "get", "configmap", "keepsake", "written-by-two")
	s.must("down", "-n", cluster)
	if left := s.output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}
