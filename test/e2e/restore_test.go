//go:build e2e

package e2e

import (
	"maps"
	"strings"
	"testing"
)

// TestRestoreHighlyAvailable brings back a cluster whose etcd knows its members by address,
// refuses to do so where these cannot be had, and leaves nothing of what was refused.
func TestRestoreHighlyAvailable(t *testing.T) {
	long(t)
	t.Parallel()
	const cluster, network, other = "e2e-restore", "e2e-restore-net", "e2e-restore-other"
	s := newSession(t, cluster)
	s.Env = []string{"XDG_DATA_HOME=" + t.TempDir()}
	for _, left := range []string{network, other} {
		_, _ = s.Try("docker", "network", "rm", left)
		t.Cleanup(func() { _, _ = s.Try("docker", "network", "rm", left) })
	}
	s.Must("up", "--cni", "calico", "--control-planes", "3", "--workers", "1", "--network", network, "-n", cluster)
	s.Kubectl(cluster, "create", "configmap", "before", "--from-literal=a=b")
	s.Must("snapshot", "save", "seeded", "-n", cluster)
	before := planesOf(s.addresses(cluster))
	subnet := s.Output("docker", "network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Subnet}}")
	s.Must("down", "-n", cluster)

	s.Must("up", "--from", "seeded", "-n", cluster)
	if after := planesOf(s.addresses(cluster)); !maps.Equal(after, before) {
		t.Errorf("control planes are at %v, and were at %v", after, before)
	}
	s.Kubectl(cluster, "get", "configmap", "before")
	s.Must("verify", "-n", cluster)
	s.Must("down", "-n", cluster)

	for name, tt := range map[string]struct {
		network string
		code    int
		says    string
	}{
		"another network has the subnet": {other, 3, "Docker could not create the network " + network},
		"the network has another subnet": {network, 2, "do not contain"},
	} {
		wanted := subnet
		if tt.network == network {
			wanted = "10.213.0.0/24"
		}
		s.Output("docker", "network", "create", "--subnet", wanted, tt.network)
		if r := s.Kindctl("up", "--from", "seeded", "-n", cluster); r.Code != tt.code || !strings.Contains(r.Stderr, tt.says) {
			t.Errorf("%s: exit %d\n%s", name, r.Code, r.Stderr)
		}
		if left := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); left != "" {
			t.Errorf("%s: left are %s", name, left)
		}
		s.Output("docker", "network", "rm", tt.network)
	}
}
