//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTwoClusters is the main story: a cluster with Cilium and one with Calico
// at the same time, faults in both that verify must name, and no trace left.
func TestTwoClusters(t *testing.T) {
	const cilium, calico = "e2e-cilium", "e2e-calico"
	s := newSession(t, cilium, calico)
	before := s.belongings()

	t.Run("each", func(t *testing.T) {
		t.Run("cilium", func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			s.Must("up", "--cni", "cilium", "-n", cilium)
			s.threeReadyNodes(cilium)
			s.serviceByName(cilium)
			s.isHelmRelease(cilium)
			s.upAgainChangesNothing(cilium, "cilium") // and verifies
			s.withoutDNS(cilium)
			s.withoutTaint(cilium)
			s.withStaleProxyMode(cilium)
		})
		t.Run("calico", func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			trace := filepath.Join(t.TempDir(), "up.json")
			s.Must("up", "--cni", "calico", "-n", calico, "--trace", trace)
			s.threeReadyNodes(calico)
			s.answersInside(calico)
			s.traced(calico, trace)
			s.serviceByName(calico)
			s.showsEvidence(calico, "proxy.rules", ruleOfIPTables)
			s.withFelixStopped(calico)
			s.verifiesWithLeastRights(calico, "calico")
			if !testing.Short() {
				s.twoAtOnce(calico)
			}
			s.cleansUp(calico)
			s.verifiesAnyCluster(calico)
		})
	})
	t.Run("both", func(t *testing.T) {
		s := s.in(t)
		if !testing.Short() {
			s.verifiesWithLeastRights(cilium, "cilium")
		}
		s.leavesNothing(cilium)
		if got := s.Must("get", "clusters").Stdout; !strings.Contains(got, cilium) || !strings.Contains(got, calico) {
			t.Errorf("get clusters prints %q, want both", got)
		}
	})

	s.downBoth(cilium, calico)
	s.Must("down", "-n", calico) // a cluster that is not there is a success
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// downBoth uses --all only where no one else's cluster would go with it.
func (s *session) downBoth(first, second string) {
	s.Helper()
	there := strings.Fields(s.Must("get", "clusters", "-o", "name").Stdout)
	slices.Sort(there)
	if slices.Equal(there, slices.Sorted(slices.Values([]string{first, second}))) {
		s.Must("down", "--all")
		return
	}
	s.Must("down", "-n", first)
	s.Must("down", "-n", second)
}

// answersInside wants "get kubeconfig --internal" to be one that containers on the
// clusters' network can use; here a worker stands for them.
func (s *session) answersInside(cluster string) {
	s.Helper()
	kubectl := exec.Command("docker", "exec", "-i", cluster+"-worker", "sh", "-c", "cat >/tmp/inside && kubectl --kubeconfig /tmp/inside get nodes -o name; rm /tmp/inside")
	kubectl.Stdin = strings.NewReader(s.Must("get", "kubeconfig", "--internal", "-n", cluster).Stdout)
	if out, err := kubectl.CombinedOutput(); err != nil || !strings.Contains(string(out), "node/"+cluster+"-worker2") {
		s.Errorf("on the clusters' network the kubeconfig says: %v\n%s", err, out)
	}
}

func (s *session) threeReadyNodes(cluster string) {
	s.Helper()
	nodes := s.Kubectl(cluster, "get", "nodes", "--no-headers")
	if ready := strings.Count(nodes, " Ready "); ready != 3 || strings.Count(nodes, "\n") != 2 {
		s.Errorf("want three Ready nodes:\n%s", nodes)
	}
}

// serviceByName sends a request from a pod on one worker to a Service, by
// name, whose only pod runs on the other worker.
func (s *session) serviceByName(cluster string) {
	s.Helper()
	image := s.probeImage(cluster)
	s.Apply(cluster, strings.NewReplacer("CLUSTER", cluster, "IMAGE", image).Replace(`
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: server}}
spec:
  nodeName: CLUSTER-worker
  containers: [{name: server, image: IMAGE, args: [netexec, --http-port=8080]}]
---
apiVersion: v1
kind: Service
metadata: {name: greeter}
spec:
  selector: {app: server}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeName: CLUSTER-worker2
  containers: [{name: client, image: IMAGE, args: [pause]}]
`))
	s.Kubectl(cluster, "wait", "--for=condition=Ready", "pod/server", "pod/client", "--timeout=90s")
	// The API server knows a pod is ready a moment before every node's rules do.
	s.Eventually(30*time.Second, func() (string, error) {
		return s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf",
			"exec", "client", "--", "/agnhost", "connect", "--timeout=5s", "greeter.default.svc.cluster.local:80")
	})
	s.Kubectl(cluster, "delete", "pod/server", "pod/client", "service/greeter", "--now")
}

// probeImage is the agnhost image in the node's containerd.
func (s *session) probeImage(cluster string) string {
	s.Helper()
	for line := range strings.Lines(s.Output("docker", "exec", cluster+"-worker", "ctr", "-n", "k8s.io", "images", "ls", "-q")) {
		if strings.Contains(line, "agnhost:") {
			return strings.TrimSpace(line)
		}
	}
	s.Fatal("the node has no agnhost image")
	return ""
}

func (s *session) isHelmRelease(cluster string) {
	s.Helper()
	if got := s.Kubectl(cluster, "-n", "kube-system", "get", "secret", "-l", "owner=helm,name=cilium,status=deployed", "-o", "name"); got == "" {
		s.Error("there is no deployed Helm release cilium in kube-system")
	}
	owners := s.Kubectl(cluster, "-n", "kube-system", "get", "daemonset", "cilium", "-o", "jsonpath={.metadata.managedFields[*].manager}")
	if !slices.Contains(strings.Fields(owners), "helm") || strings.Contains(owners, "kindctl") {
		s.Errorf("the agent's fields belong to %q: a user's helm upgrade would meet conflicts", owners)
	}
}

func (s *session) upAgainChangesNothing(cluster, cni string) {
	s.Helper()
	containers := s.runningOf(cluster)
	r := s.Must("up", "--cni", cni, "-n", cluster)
	if after := s.runningOf(cluster); after != containers {
		s.Errorf("a second up changed the containers from\n%s\nto\n%s", containers, after)
	}
	if r.Took > 60*time.Second {
		s.Errorf("a second up took %v", r.Took)
	}
	other := s.Kindctl("up", "--cni", cni, "-n", cluster, "--workers", "1")
	if other.Code != 2 || !strings.Contains(other.Stderr, "workers") {
		s.Errorf("up in another shape: exit %d, want 2 and the difference named:\n%s", other.Code, other.Stderr)
	}
}

func (s *session) withoutDNS(cluster string) {
	s.Helper()
	s.Kubectl(cluster, "-n", "kube-system", "scale", "deployment/coredns", "--replicas=0")
	s.Kubectl(cluster, "-n", "kube-system", "wait", "--for=delete", "pod", "-l", "k8s-app=kube-dns", "--timeout=60s")
	s.only(cluster, "dns.records")
	s.Kubectl(cluster, "-n", "kube-system", "scale", "deployment/coredns", "--replicas=2")
	s.Kubectl(cluster, "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s")
}

func (s *session) withoutTaint(cluster string) {
	s.Helper()
	const taint = "node-role.kubernetes.io/control-plane"
	s.Kubectl(cluster, "taint", "node", cluster+"-control-plane", taint+":NoSchedule-")
	s.warns(cluster, "node.taint")
	s.Must("accept", "-n", cluster, "node.taint")
	if v := s.verdictOf(cluster, "node.taint"); v.Outcome != "PASS" {
		s.Errorf("%s is %s after it was accepted: %s", v.ID, v.Outcome, v.Cause)
	}
	s.Must("accept", "-n", cluster, "--undo", "node.taint")
	s.warns(cluster, "node.taint")
	s.Kubectl(cluster, "taint", "node", cluster+"-control-plane", taint+":NoSchedule")
}

// warns wants a check to name a difference, and verify to exit with 0.
func (s *session) warns(cluster, id string) {
	s.Helper()
	if v := s.verdictOf(cluster, id); v.Outcome != "WARN" || !strings.Contains(v.Hint, "kindctl accept -n "+cluster+" "+id) {
		s.Errorf("%s is %s: %s (hint: %s)", id, v.Outcome, v.Cause, v.Hint)
	}
	s.Must("verify", "-n", cluster, "--only", id)
}

// withStaleProxyMode edits kube-proxy's configuration without a restart.
func (s *session) withStaleProxyMode(cluster string) {
	s.Helper()
	original := s.Kubectl(cluster, "-n", "kube-system", "get", "configmap", "kube-proxy", "-o", "yaml")
	edited := strings.Replace(original, "mode: iptables", "mode: nftables", 1)
	if edited == original {
		s.Fatalf("no \"mode: iptables\" in kube-proxy's configuration:\n%s", original)
	}
	s.Apply(cluster, edited)
	s.only(cluster, "proxy.mode")
	s.Apply(cluster, strings.Replace(s.Kubectl(cluster, "-n", "kube-system", "get", "configmap", "kube-proxy", "-o", "yaml"), "mode: nftables", "mode: iptables", 1))
}

// withFelixStopped freezes Calico's agent on one worker; its pod stays.
func (s *session) withFelixStopped(cluster string) {
	s.Helper()
	node := cluster + "-worker"
	s.Output("docker", "exec", node, "pkill", "-STOP", "-f", "calico-node -felix")
	s.only(cluster, "cal.agents")
	s.Output("docker", "exec", node, "pkill", "-CONT", "-f", "calico-node -felix")
}
