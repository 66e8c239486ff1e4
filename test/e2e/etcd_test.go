//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestExternalEtcd has etcd in containers of its own, loses members of it, and starts
// them again.
func TestExternalEtcd(t *testing.T) {
	t.Parallel()
	const cluster, member = "e2e-etcd", "e2e-etcd-external-etcd"
	s := newSession(t, cluster)
	if r := s.Kindctl("up", "--etcd", "external", "--etcd-members", "4", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "no more than 3 members would") {
		t.Errorf("an even number of members: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("up", "--cni", "calico", "--profile", "external-etcd", "--workers", "1", "-n", cluster)
	if roles := s.Must("get", "nodes", "-n", cluster).Stdout; strings.Count(roles, " external-etcd ") != 3 {
		t.Errorf("the nodes are\n%s", roles)
	}
	for _, name := range []string{member, member + "2", member + "3"} { // no part of Kubernetes, but where its objects are
		keys := s.Output("docker", "exec", name, "sh", "-c", "grep -rlc kube-system/kindctl /var/lib/etcd/member | head -1")
		if !strings.Contains(keys, "/var/lib/etcd/member") {
			t.Errorf("%s holds nothing of the cluster: %q", name, keys)
		}
	}
	if pods := s.Kubectl(cluster, "-n", "kube-system", "get", "pods", "-o", "name"); strings.Contains(pods, "pod/etcd-"+cluster) {
		t.Errorf("etcd runs in the cluster too:\n%s", pods)
	}
	if out, err := s.Try("docker", "exec", cluster+"-control-plane", "sh", "-c", "ls -A /var/lib/etcd"); err == nil && out != "" {
		t.Errorf("there is data of etcd on the control plane: %s", out)
	}
	s.Kubectl(cluster, "create", "configmap", "keepsake", "--from-literal=a=b")

	s.Output("docker", "stop", "-t", "5", member+"2")
	s.Eventually(time.Minute, func() (string, error) { // it may have been the leader
		return s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "create", "configmap", "written-by-two", "--from-literal=a=b")
	})
	if r := s.Kindctl("verify", "-n", cluster, "--only", "etcd"); r.Code != 5 || !strings.Contains(r.Stdout, member+"2: ") || !strings.Contains(r.Stdout, "2 of 3 members answer: the quorum of 2 holds") {
		t.Errorf("a member is lost: exit %d\n%s", r.Code, r.Stdout)
	}
	s.Output("docker", "stop", "-t", "5", member+"3")
	if r := s.Kindctl("verify", "-n", cluster); r.Code != 5 || !strings.Contains(r.Stderr, "lost its quorum") || !strings.Contains(r.Stderr, member+"2, "+member+"3") {
		t.Errorf("two members are lost: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("start", "-n", cluster)

	if !testing.Short() {
		s.startsElsewhere(cluster, member)
	}
	s.Kubectl(cluster, "get", "configmap", "keepsake", "written-by-two")
	s.Must("down", "-n", cluster)
	if left := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}

// startsElsewhere stops the cluster and starts it again, when something else has the
// address of a member.
func (s *session) startsElsewhere(cluster, member string) {
	s.Helper()
	before := s.addresses(cluster)
	s.Must("stop", "-n", cluster)
	s.squat(s.networkOf(cluster), before[member], "e2e-etcd-squatter")
	s.Must("start", "-n", cluster)
	if after := s.addresses(cluster); after[member] == before[member] {
		s.Errorf("the member has its old address, so nothing is shown here: %v", after)
	}
}
