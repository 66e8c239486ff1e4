//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/test/harness"
)

// kind runs the real kind, of the version whose library kindctl uses.
func (s *session) kind(args ...string) string {
	s.Helper()
	program := filepath.Join(filepath.Dir(harness.Binary), "kind")
	if _, err := os.Stat(program); err != nil {
		s.Output("go", "build", "-o", program, "sigs.k8s.io/kind")
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		s.Fatalf("kind %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(stdout)
}

// isKinds wants kind's own commands to work on a cluster of kindctl's that has these
// nodes.
func (s *session) isKinds(cluster string, nodes ...string) {
	s.Helper()
	if got := s.kind("get", "clusters"); !strings.Contains("\n"+got, "\n"+cluster+"\n") {
		s.Errorf("kind get clusters prints\n%s", got)
	}
	if got, want := sorted(strings.TrimSpace(s.kind("get", "nodes", "--name", cluster))), sorted(strings.Join(nodes, "\n")); got != want {
		s.Errorf("kind get nodes prints\n%swant\n%s", got, want)
	}
	if got := s.kind("get", "kubeconfig", "--name", cluster); !strings.Contains(got, "current-context: kind-"+cluster) {
		s.Errorf("kind get kubeconfig prints\n%s", got)
	}
	const image = "e2e-kind/say:dev"
	s.build(image, "loaded")
	s.kind("load", "docker-image", image, "--name", cluster)
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(node string) bool { return strings.Contains(node, "load-balancer") })
	for _, node := range nodes {
		if got := s.Output("docker", "exec", node, "crictl", "images", "-o", "json"); !strings.Contains(got, image) {
			s.Errorf("%s lacks the image that kind loaded:\n%s", node, got)
		}
	}
	logs := s.TempDir()
	s.kind("export", "logs", logs, "--name", cluster)
	for _, node := range nodes {
		entries, err := os.ReadDir(filepath.Join(logs, node))
		if err != nil || len(entries) == 0 {
			s.Errorf("kind export logs wrote nothing of %s: %v", node, err)
		}
	}
}

// goesWithKind has kind delete a cluster, and wants nothing of it to remain.
func (s *session) goesWithKind(cluster string) {
	s.Helper()
	s.kind("delete", "cluster", "--name", cluster)
	if left := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); left != "" {
		s.Errorf("kind delete cluster left %s", left)
	}
	s.kubeconfigUntouched()
	if got := s.Must("get", "clusters").Stdout; strings.Contains(got, cluster) {
		s.Errorf("kindctl still lists the cluster:\n%s", got)
	}
	if r := s.Kindctl("gc"); r.Code != 0 || strings.Contains(r.Stdout+r.Stderr, cluster) {
		s.Errorf("gc finds something that kind left: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}
