//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

// claimed is a pod with data on the worker's own disk.
const claimed = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Mi}}
---
apiVersion: v1
kind: Pod
metadata: {name: keeper}
spec:
  nodeSelector: {kubernetes.io/hostname: NODE}
  containers:
  - {name: keeper, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [pause], volumeMounts: [{name: data, mountPath: /data}]}
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`

// TestNodesComeAndGo grows a cluster of one node, and shrinks it again.
func TestNodesComeAndGo(t *testing.T) {
	const cluster = "e2e-nodes"
	s := newSession(t, cluster)
	s.must("up", "--cni", "calico", "--profile", "single", "-n", cluster)
	if r := s.kindctl("node", "add", "-n", cluster, "--role", "control-plane"); r.code != 2 || !strings.Contains(r.stderr, "no load balancer") {
		t.Errorf("a control plane that no one would find: exit %d\n%s", r.code, r.stderr)
	}
	if r := s.must("scale", "-n", cluster, "--workers", "2"); !strings.Contains(r.stdout, cluster+"-worker, "+cluster+"-worker2") {
		t.Errorf("scale says %q", r.stdout)
	}
	s.threeReadyNodes(cluster)
	s.serviceByName(cluster)
	if taints := s.kubectl(cluster, "get", "node", cluster+"-control-plane", "-o", "jsonpath={.spec.taints[*].key}"); !strings.Contains(taints, "node-role.kubernetes.io/control-plane") {
		t.Errorf("the control plane has the taints %q", taints)
	}
	if left := s.kubectl(cluster, "-n", "kube-system", "get", "secrets", "--field-selector=type=bootstrap.kubernetes.io/token", "-o", "name"); strings.Count(left, "bootstrap-token") != 1 {
		t.Errorf("of the tokens, other than kind's own, these are left: %s", left)
	}

	s.interrupted(syscall.SIGINT, []string{"nodes"}, "node", "add", "-n", cluster)
	s.threeReadyNodes(cluster)
	s.must("start", "-n", cluster, "--dry-run") // misses no node that never stayed

	s.apply(cluster, strings.ReplaceAll(claimed, "NODE", cluster+"-worker"))
	s.kubectl(cluster, "wait", "pod/keeper", "--for=condition=Ready", "--timeout=2m")
	if r := s.kindctl("node", "rm", "worker", "-n", cluster); r.code != 2 || !strings.Contains(r.stderr, "default/data") {
		t.Errorf("a node with data: exit %d\n%s", r.code, r.stderr)
	}
	s.kubectl(cluster, "create", "deployment", "web", "--image=registry.k8s.io/e2e-test-images/agnhost:2.66.1", "--replicas=4", "--", "/agnhost", "netexec")
	s.kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=2m")
	s.must("node", "rm", "worker", "-n", cluster, "--force")
	s.kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=2m")
	if where := s.kubectl(cluster, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"); strings.Contains(where+" ", cluster+"-worker ") {
		t.Errorf("the pods are on %s", where)
	}
	containers := strings.Fields(s.output("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster))
	slices.Sort(containers)
	if want := []string{cluster + "-control-plane", cluster + "-worker2"}; !slices.Equal(containers, want) {
		t.Errorf("the containers are %q, want %q", containers, want)
	}

	if r := s.must("up", "--cni", "calico", "--profile", "single", "--workers", "1", "-n", cluster); !strings.Contains(r.stdout, "exists and is healthy") {
		t.Errorf("up of what the cluster has become says %q", r.stdout)
	}
	s.output("docker", "rm", "-f", "-v", cluster+"-worker2")
	if r := s.kindctl("node", "rm", "worker3", "-n", cluster); r.code != 2 || !strings.Contains(r.stderr, `did you mean "worker2"?`) {
		t.Errorf("a node that never was: exit %d\n%s", r.code, r.stderr)
	}
	s.must("node", "rm", "worker2", "-n", cluster, "--wait-timeout", "1m")
	if left := s.kubectl(cluster, "get", "nodes", "-o", "name"); left != "node/"+cluster+"-control-plane" {
		t.Errorf("the nodes are %s", left)
	}
	if taints := s.kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].spec.taints}"); taints != "" {
		t.Errorf("the only node has the taints %s", taints)
	}
	if r := s.kindctl("node", "rm", "control-plane", "-n", cluster); r.code != 2 || !strings.Contains(r.stderr, "kindctl down") {
		t.Errorf("the only node: exit %d\n%s", r.code, r.stderr)
	}
	s.must("down", "-n", cluster)
}

// controlPlanesComeAndGo replaces a control plane, and with it a member of etcd, and
// refuses to lose the quorum.
func (s *session) controlPlanesComeAndGo(cluster string) {
	s.Helper()
	members := func() string {
		return s.kubectl(cluster, "-n", "kube-system", "exec", "etcd-"+cluster+"-control-plane", "--", "etcdctl",
			"--cacert=/etc/kubernetes/pki/etcd/ca.crt", "--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key", "member", "list")
	}
	before := members()
	s.output("docker", "stop", "-t", "5", cluster+"-control-plane2")
	if r := s.kindctl("verify", "-n", cluster, "--only", "kubelet.alive,etcd"); r.code != 5 || !strings.Contains(r.stdout, cluster+"-control-plane2: ") || !strings.Contains(r.stdout, "2 of 3 members answer: the quorum of 2 holds") {
		s.Errorf("a control plane is lost: exit %d\n%s", r.code, r.stdout)
	}
	if r := s.kindctl("node", "rm", "control-plane3", "-n", cluster); r.code != 2 || !strings.Contains(r.stderr, "kindctl start") {
		s.Errorf("a member of etcd while another is away: exit %d\n%s", r.code, r.stderr)
	}
	s.must("node", "rm", "control-plane2", "-n", cluster)
	if after := members(); strings.Contains(after, cluster+"-control-plane2,") || strings.Count(after, "started") != 2 {
		s.Errorf("etcd's members are\n%s", after)
	}
	// This one runs, and others are connected to its API server.
	s.must("node", "rm", "control-plane3", "-n", cluster)
	if after := members(); strings.Count(after, "started") != 1 {
		s.Errorf("etcd's members are\n%s", after)
	}
	s.must("node", "add", "-n", cluster, "--role", "control-plane", "--count", "2")
	if port := s.output("docker", "port", cluster+"-control-plane2", "6443/tcp"); !strings.HasPrefix(port, "127.0.0.1:") {
		s.Errorf("the API server of the new control plane is published at %q", port)
	}
	after := members()
	if strings.Count(after, "started") != 3 || strings.Contains(after, "true") || after == before {
		s.Errorf("etcd's members are\n%s\nand were\n%s", after, before)
	}
	backends := s.output("docker", "exec", cluster+"-external-load-balancer", "cat", "/kind/haproxy.cfg")
	for _, plane := range []string{"", "2", "3"} {
		if !strings.Contains(backends, " "+cluster+"-control-plane"+plane+":6443 ") {
			s.Errorf("the load balancer does not know control plane %s:\n%s", plane, backends)
		}
	}
}
