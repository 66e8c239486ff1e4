//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/internal/releases"
)

// TestKubernetesVersions makes a cluster of each older version that kindctl can
// build, and asks its nodes what they run.
func TestKubernetesVersions(t *testing.T) {
	long(t)
	const cluster = "e2e-version"
	s := newSession(t, cluster)
	for _, version := range releases.Supported[1:] {
		minor := semver.MajorMinor(version)[1:]
		up := []string{"up", "--kubernetes-version", minor, "--cni", "calico", "--workers", "1", "-n", cluster}
		s.must(up...)
		if kubelets := s.kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}"); kubelets != version+" "+version {
			t.Errorf("the nodes run %s, not %s", kubelets, version)
		}
		control := s.kubectl(cluster, "-n", "kube-system", "get", "pods", "-l", "tier=control-plane", "-o", "jsonpath={.items[*].spec.containers[*].image}")
		if strings.Count(control, ":"+version) != 3 {
			t.Errorf("the control plane of %s runs %s", version, control)
		}
		kubeadm := s.output("docker", "exec", cluster+"-control-plane", "kubeadm", "config", "images", "list", "--kubernetes-version", version)
		for image := range strings.FieldsSeq(control) {
			if !strings.Contains(kubeadm, image) {
				t.Errorf("%s runs, of which kubeadm does not know:\n%s", image, kubeadm)
			}
		}
		s.green(cluster)
		if r := s.must(up...); !strings.Contains(r.stdout, "nothing was changed") {
			t.Errorf("the second up says %s", r.stdout)
		}
		if r := s.kindctl("up", "--kubernetes-version", releases.Supported[0], "--cni", "calico", "--workers", "1", "-n", cluster); r.code != 2 ||
			!strings.Contains(r.stderr, version+", not "+releases.Supported[0]) {
			t.Errorf("another version is wanted: exit %d\n%s", r.code, r.stderr)
		}
		s.must("node", "add", "-n", cluster)
		s.green(cluster)
		s.must("down", "-n", cluster)
	}
}
