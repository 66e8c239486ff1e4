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
		s.Must(up...)
		if kubelets := s.Kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}"); kubelets != version+" "+version {
			t.Errorf("the nodes run %s, not %s", kubelets, version)
		}
		control := s.Kubectl(cluster, "-n", "kube-system", "get", "pods", "-l", "tier=control-plane", "-o", "jsonpath={.items[*].spec.containers[*].image}")
		if strings.Count(control, ":"+version) != 3 {
			t.Errorf("the control plane of %s runs %s", version, control)
		}
		kubeadm := s.Output("docker", "exec", cluster+"-control-plane", "kubeadm", "config", "images", "list", "--kubernetes-version", version)
		for image := range strings.FieldsSeq(control) {
			if !strings.Contains(kubeadm, image) {
				t.Errorf("%s runs, of which kubeadm does not know:\n%s", image, kubeadm)
			}
		}
		s.Green(cluster)
		if r := s.Must(up...); !strings.Contains(r.Stdout, "nothing was changed") {
			t.Errorf("the second up says %s", r.Stdout)
		}
		if r := s.Kindctl("up", "--kubernetes-version", releases.Supported[0], "--cni", "calico", "--workers", "1", "-n", cluster); r.Code != 2 ||
			!strings.Contains(r.Stderr, version+", not "+releases.Supported[0]) {
			t.Errorf("another version is wanted: exit %d\n%s", r.Code, r.Stderr)
		}
		s.Must("node", "add", "-n", cluster)
		s.Green(cluster)
		s.Must("down", "-n", cluster)
	}
}
