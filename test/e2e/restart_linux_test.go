//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDockerRestarts restarts Docker under a stopped and under a running cluster
// so that nodes get other addresses, and kills it. A start puts all of it in
// order, and what was kept is there.
func TestDockerRestarts(t *testing.T) {
	long(t)
	docker := newEngine(t)
	const cluster, plane = "e2e-restart", "e2e-restart-control-plane"
	s := newSession(t, cluster)
	s.Must("doctor")
	s.Must("up", "--cni", "calico", "--workers", "1", "-n", cluster)
	s.keep(cluster)

	before := s.addresses(cluster)
	s.Must("stop", "-n", cluster)
	docker.restart(syscall.SIGTERM)
	if running := s.runningOf(cluster); running != "" {
		t.Errorf("a restart of Docker starts a stopped cluster: %s", running)
	}
	s.squat(s.networkOf(cluster), before[plane], "e2e-restart-squatter")
	s.resumes(cluster)
	elsewhere := s.addresses(cluster)
	if elsewhere[plane] == before[plane] {
		t.Errorf("%s has its old address, so nothing is shown here: %v", plane, elsewhere)
	}

	docker.restart(syscall.SIGTERM) // no one starts the squatter again
	if after := s.addresses(cluster); after[plane] == elsewhere[plane] {
		t.Errorf("Docker gave %s its old address again, so nothing is shown here: %v", plane, after)
	}
	s.resumes(cluster)
	docker.restart(syscall.SIGKILL)
	s.resumes(cluster)
	for _, node := range []string{plane, "e2e-restart-worker"} {
		s.Output("docker", "restart", node)
		s.resumes(cluster)
	}
	if r := s.Must("status", "-n", cluster); strings.Count(r.Stdout, " True ") != 2 {
		t.Errorf("status shows\n%s", r.Stdout)
	}
}

// TestDockerRestartsHighlyAvailable restarts Docker until three control planes
// are not where the others look for them, on a network that kindctl makes, which
// can keep addresses, and on one that cannot, as kind makes its own. A start
// brings them back there.
func TestDockerRestartsHighlyAvailable(t *testing.T) {
	long(t)
	docker := newEngine(t)
	const cluster = "e2e-restart-ha"
	s := newSession(t, cluster)
	const plain = "e2e-restart-plain"
	s.Output("docker", "network", "create", plain)
	for _, network := range []string{"e2e-restart-net", plain} {
		s.Must("up", "--cni", "calico", "--control-planes", "3", "--workers", "1", "--network", network, "-n", cluster)
		s.keep(cluster)
		before := planesOf(s.addresses(cluster))
		mixed := before
		for range 5 { // Docker starts containers in any order
			docker.restart(syscall.SIGTERM)
			if mixed = planesOf(s.addresses(cluster)); !maps.Equal(mixed, before) {
				break
			}
		}
		if maps.Equal(mixed, before) {
			t.Errorf("network %s: control planes are where they were, so nothing is shown here: %v", network, before)
		}
		s.resumes(cluster)
		if after := planesOf(s.addresses(cluster)); !maps.Equal(after, before) {
			t.Errorf("network %s: control planes are at %v, not at %v", network, after, before)
		}
		for _, suffix := range []string{"control-plane2", "external-load-balancer", "worker"} {
			s.Output("docker", "restart", cluster+"-"+suffix)
			s.resumes(cluster)
		}
		s.Must("down", "-n", cluster)
	}
}

func planesOf(addresses map[string]string) map[string]string {
	planes := maps.Clone(addresses)
	maps.DeleteFunc(planes, func(name, _ string) bool { return !strings.Contains(name, "control-plane") })
	return planes
}

// keep puts into a cluster what has to survive: an object, and a file in a volume
// that a web server has.
func (s *session) keep(cluster string) {
	s.Helper()
	s.Kubectl(cluster, "create", "configmap", "keepsake", "--from-literal=word=kept")
	s.Apply(cluster, fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: keeper}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keeper}
spec:
  selector: {matchLabels: {app: keeper}}
  template:
    metadata: {labels: {app: keeper}}
    spec:
      containers:
      - {name: keeper, image: %s, args: [test-webserver], volumeMounts: [{name: kept, mountPath: /kept}]}
      volumes: [{name: kept, persistentVolumeClaim: {claimName: keeper}}]
---
apiVersion: v1
kind: Service
metadata: {name: keeper}
spec: {selector: {app: keeper}, ports: [{port: 80}]}
`, s.probeImage(cluster)))
	s.Kubectl(cluster, "rollout", "status", "deployment/keeper", "--timeout=120s")
	s.Kubectl(cluster, "exec", "deployment/keeper", "--", "sh", "-c", "echo kept >/kept/word")
}

// resumes starts a cluster, and wants it green and what was put into it there.
func (s *session) resumes(cluster string) {
	s.Helper()
	s.Logf("before the start: %v", s.addresses(cluster))
	r := s.Must("start", "-n", cluster)
	s.Logf("%s\n%s", strings.TrimSpace(r.Stdout), r.Stderr)
	s.Green(cluster)
	if word := s.Kubectl(cluster, "get", "configmap", "keepsake", "-o", "jsonpath={.data.word}"); word != "kept" {
		s.Errorf("the ConfigMap says %q", word)
	}
	s.Eventually(time.Minute, func() (string, error) {
		out, err := s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "--raw", "/api/v1/namespaces/default/services/keeper:80/proxy/kept/word")
		if err == nil && out != "kept" {
			err = fmt.Errorf("the volume has %q", out)
		}
		return out, err
	})
}

// TestDockerRestartsExternalEtcd restarts Docker, and then one container after the
// other, of a cluster whose members of etcd have containers of their own.
func TestDockerRestartsExternalEtcd(t *testing.T) {
	long(t)
	docker := newEngine(t)
	const cluster = "e2e-restart-etcd"
	s := newSession(t, cluster)
	s.Must("up", "--cni", "calico", "--etcd", "external", "--workers", "1", "-n", cluster)
	s.keep(cluster)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		docker.restart(signal)
		s.resumes(cluster)
	}
	for _, suffix := range []string{"external-etcd", "external-etcd2", "control-plane", "worker"} {
		s.Output("docker", "restart", cluster+"-"+suffix)
		s.resumes(cluster)
	}
}
