package clusters

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStateDirs(t *testing.T) {
	for name, test := range map[string]struct {
		role, inside string
		want         []StateDir
	}{
		"etcd":                      {ControlPlane, "/var/lib/etcd", []StateDir{{"etcd", "/var/lib/etcd", "/data"}}},
		"a member's folder":         {ControlPlane, "/var/lib/etcd/member", []StateDir{{"etcd", "/var/lib/etcd/member", "/data"}}},
		"a worker has no etcd":      {Worker, "/var/lib/etcd/", nil},
		"what holds several":        {Worker, "/var/lib", []StateDir{{"containerd", "/var/lib/containerd", "/data/containerd"}, {"the kubelet", "/var/lib/kubelet", "/data/kubelet"}}},
		"the kubelet's keys":        {Worker, "/var/lib/kubelet/pki", []StateDir{{"the kubelet", "/var/lib/kubelet/pki", "/data"}}},
		"credentials of registries": {Worker, "/var/lib/kubelet/config.json", nil},
		"a name that begins alike":  {Worker, "/var/lib/kubelet2", nil},
		"an authority of one's own": {ControlPlane, "/etc/kubernetes/pki/ca.crt", nil},
		"an audit policy":           {ControlPlane, "/etc/kubernetes/audit.yaml", nil},
		"volumes":                   {Worker, volumesDir, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, StateDirs(test.role, []Mount{{HostPath: "/data", ContainerPath: test.inside}})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStateIsNotShared(t *testing.T) {
	group := func(role string, count int, host, inside string) Group {
		return Group{Role: role, Count: count, Mounts: []Mount{{HostPath: host, ContainerPath: inside}}}
	}
	for name, test := range map[string]struct {
		groups        []Group
		problem, note string
	}{
		"two workers of a group":   {[]Group{{Role: ControlPlane, Count: 1}, group(Worker, 2, "/data", "/var/lib/containerd")}, "lab-worker and lab-worker2 would both keep the state of containerd in /data", ""},
		"nodes of two groups":      {[]Group{group(ControlPlane, 1, "/data/kubelet/", "/var/lib/kubelet"), group(Worker, 1, "/data", "/var/lib")}, "lab-control-plane and lab-worker would both keep the state of the kubelet in /data/kubelet", ""},
		"folders of their own":     {[]Group{group(ControlPlane, 1, "/data/a", "/var/lib/kubelet"), group(Worker, 1, "/data/b", "/var/lib/kubelet")}, "", ""},
		"an ordinary mount":        {[]Group{{Role: ControlPlane, Count: 1}, group(Worker, 3, "/data", "/files")}, "", ""},
		"volumes of two nodes":     {[]Group{{Role: ControlPlane, Count: 1}, group(Worker, 2, "/data", volumesDir)}, "", "lab-worker and lab-worker2 keep their volumes in the same directory, /data"},
		"a worker's unused folder": {[]Group{group(ControlPlane, 1, "/data", "/var/lib/etcd"), group(Worker, 1, "/data", "/var/lib/etcd")}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			topology, err := Profile(DefaultProfile)
			if err != nil {
				t.Fatal(err)
			}
			topology.Name = "lab"
			warnings, err := topology.WithNodes(test.groups...).Validate()
			if (err != nil) != (test.problem != "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("the error is %v, want %q", err, test.problem)
			}
			if notes := strings.Join(warnings, "\n"); (notes != "") != (test.note != "") || !strings.Contains(notes, test.note) {
				t.Errorf("the warnings are %q, want %q", notes, test.note)
			}
		})
	}
}
