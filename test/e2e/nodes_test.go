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
	t.Parallel()
	const cluster = "e2e-nodes"
	s := newSession(t, cluster)
	s.Must("up", "--cni", "calico", "--profile", "single", "-n", cluster)
	if r := s.Kindctl("node", "add", "-n", cluster, "--role", "control-plane"); r.Code != 2 || !strings.Contains(r.Stderr, "no load balancer") {
		t.Errorf("a control plane that no one would find: exit %d\n%s", r.Code, r.Stderr)
	}
	if r := s.Must("scale", "-n", cluster, "--workers", "2"); !strings.Contains(r.Stdout, cluster+"-worker, "+cluster+"-worker2") {
		t.Errorf("scale says %q", r.Stdout)
	}
	s.threeReadyNodes(cluster)
	s.serviceByName(cluster)
	if taints := s.Kubectl(cluster, "get", "node", cluster+"-control-plane", "-o", "jsonpath={.spec.taints[*].key}"); !strings.Contains(taints, "node-role.kubernetes.io/control-plane") {
		t.Errorf("the control plane has the taints %q", taints)
	}
	if left := s.Kubectl(cluster, "-n", "kube-system", "get", "secrets", "--field-selector=type=bootstrap.kubernetes.io/token", "-o", "name"); strings.Count(left, "bootstrap-token") != 1 {
		t.Errorf("of the tokens, other than kind's own, these are left: %s", left)
	}

	s.interrupted(syscall.SIGINT, []string{"nodes"}, "node", "add", "-n", cluster)
	s.threeReadyNodes(cluster)
	s.Must("start", "-n", cluster, "--dry-run") // misses no node that never stayed

	s.Apply(cluster, strings.ReplaceAll(claimed, "NODE", cluster+"-worker"))
	s.Kubectl(cluster, "wait", "pod/keeper", "--for=condition=Ready", "--timeout=2m")
	if r := s.Kindctl("node", "rm", "worker", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "default/data") {
		t.Errorf("a node with data: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Kubectl(cluster, "create", "deployment", "web", "--image=registry.k8s.io/e2e-test-images/agnhost:2.66.1", "--replicas=4", "--", "/agnhost", "netexec")
	s.Kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=2m")
	s.Must("node", "rm", "worker", "-n", cluster, "--force")
	s.Kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=2m")
	if where := s.Kubectl(cluster, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"); strings.Contains(where+" ", cluster+"-worker ") {
		t.Errorf("the pods are on %s", where)
	}
	containers := strings.Fields(s.Output("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster))
	slices.Sort(containers)
	if want := []string{cluster + "-control-plane", cluster + "-worker2"}; !slices.Equal(containers, want) {
		t.Errorf("the containers are %q, want %q", containers, want)
	}

	if r := s.Must("up", "--cni", "calico", "--profile", "single", "--workers", "1", "-n", cluster); !strings.Contains(r.Stdout, "exists and is healthy") {
		t.Errorf("up of what the cluster has become says %q", r.Stdout)
	}
	s.Output("docker", "rm", "-f", "-v", cluster+"-worker2")
	if r := s.Kindctl("node", "rm", "worker3", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, `did you mean "worker2"?`) {
		t.Errorf("a node that never was: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("node", "rm", "worker2", "-n", cluster, "--wait-timeout", "1m")
	if left := s.Kubectl(cluster, "get", "nodes", "-o", "name"); left != "node/"+cluster+"-control-plane" {
		t.Errorf("the nodes are %s", left)
	}
	if taints := s.Kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].spec.taints}"); taints != "" {
		t.Errorf("the only node has the taints %s", taints)
	}
	if r := s.Kindctl("node", "rm", "control-plane", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "kindctl down") {
		t.Errorf("the only node: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("down", "-n", cluster)
}

// controlPlanesComeAndGo replaces a control plane, and with it a member of etcd, and
// refuses to lose the quorum.
func (s *session) controlPlanesComeAndGo(cluster string) {
	s.Helper()
	members := func() string {
		return s.Kubectl(cluster, "-n", "kube-system", "exec", "etcd-"+cluster+"-control-plane", "--", "etcdctl",
			"--cacert=/etc/kubernetes/pki/etcd/ca.crt", "--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key", "member", "list")
	}
	before := members()
	s.Output("docker", "stop", "-t", "5", cluster+"-control-plane2")
	if r := s.Kindctl("verify", "-n", cluster, "--only", "kubelet.alive,etcd"); r.Code != 5 || !strings.Contains(r.Stdout, cluster+"-control-plane2: ") || !strings.Contains(r.Stdout, "2 of 3 members answer: the quorum of 2 holds") {
		s.Errorf("a control plane is lost: exit %d\n%s", r.Code, r.Stdout)
	}
	if r := s.Kindctl("node", "rm", "control-plane3", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "kindctl start") {
		s.Errorf("a member of etcd while another is away: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("node", "rm", "control-plane2", "-n", cluster)
	if after := members(); strings.Contains(after, cluster+"-control-plane2,") || strings.Count(after, "started") != 2 {
		s.Errorf("etcd's members are\n%s", after)
	}
	// This one runs, and others are connected to its API server.
	s.Must("node", "rm", "control-plane3", "-n", cluster)
	if after := members(); strings.Count(after, "started") != 1 {
		s.Errorf("etcd's members are\n%s", after)
	}
	s.Must("node", "add", "-n", cluster, "--role", "control-plane", "--count", "2")
	if port := s.Output("docker", "port", cluster+"-control-plane2", "6443/tcp"); !strings.HasPrefix(port, "127.0.0.1:") {
		s.Errorf("the API server of the new control plane is published at %q", port)
	}
	after := members()
	if strings.Count(after, "started") != 3 || strings.Contains(after, "true") || after == before {
		s.Errorf("etcd's members are\n%s\nand were\n%s", after, before)
	}
	backends := s.Output("docker", "exec", cluster+"-external-load-balancer", "cat", "/kind/haproxy.cfg")
	for _, plane := range []string{"", "2", "3"} {
		if !strings.Contains(backends, " "+cluster+"-control-plane"+plane+":6443 ") {
			s.Errorf("the load balancer does not know control plane %s:\n%s", plane, backends)
		}
	}
}
