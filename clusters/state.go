package clusters

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// StateDir is a folder of this machine in which a component of a node keeps state
// that is its own: two nodes that share one destroy it for each other, and a new node
// breaks on what an old one has left there.
type StateDir struct {
	// Owner is the component: etcd.
	Owner string
	// Inside is the folder's path in the node, HostPath that on this machine.
	Inside, HostPath string
}

// statePlace is where a component keeps its state in a node.
type statePlace struct {
	owner, dir string
	// role is that of the nodes which run the component; "" is both.
	role string
	// parts are what is state beneath dir; none are everything. Other things beneath
	// it may be shared, such as the kubelet's config.json for registries.
	parts []string
}

// statePlaces are kubeadm's and containerd's defaults, which kind keeps.
var statePlaces = []statePlace{
	{owner: "etcd", dir: "/var/lib/etcd", role: ControlPlane},
	{owner: "containerd", dir: "/var/lib/containerd"},
	{
		owner: "the kubelet",
		dir:   "/var/lib/kubelet",
		parts: []string{"pki", "pods", "plugins", "plugins_registry", "device-plugins", "checkpoints"},
	},
	{owner: "kubeadm", dir: "/etc/kubernetes", parts: []string{"manifests", "pki"}},
}

// volumesDir is where kind's default storage class keeps the volumes of a node.
const volumesDir = "/var/local-path-provisioner"

// StateDirs are the folders of this machine in which a node of a role would keep
// state, given its mounts.
func StateDirs(role string, mounts []Mount) (found []StateDir) {
	for _, m := range mounts {
		inside := path.Clean(m.ContainerPath)
		for _, place := range statePlaces {
			if place.role != "" && place.role != role {
				continue
			}
			if beneath, is := under(place.dir, inside); is { // the mount is the folder, or holds it
				found = append(found, StateDir{place.owner, place.dir, path.Join(m.HostPath, beneath)})
				continue
			}
			if beneath, is := under(inside, place.dir); is && place.has(beneath) {
				found = append(found, StateDir{place.owner, inside, path.Clean(m.HostPath)})
			}
		}
	}
	return found
}

// has reports whether something beneath the place is state.
func (p statePlace) has(beneath string) bool {
	return len(p.parts) == 0 || slices.Contains(p.parts, beneath)
}

// under returns where a path is beneath a folder, "" for the folder itself.
func under(name, dir string) (beneath string, is bool) {
	if name == dir {
		return "", true
	}
	return strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// validateState finds nodes that would keep their state in the same folder.
func (v validator) validateState() (warnings []string) {
	type owner struct{ node, dir string }
	taken, volumes := map[string]owner{}, map[string]string{}
	for _, node := range v.Each() {
		for _, dir := range StateDirs(node.Role, node.Mounts) {
			other, is := taken[dir.HostPath]
			if !is {
				taken[dir.HostPath] = owner{node.Name, dir.Inside}
				continue
			}
			if other.node != node.Name {
				v.report(node.path+".mounts", "%s and %s would both keep the state of %s in %s; give each node a directory of its own, in a group of its own, or leave the mount out",
					other.node, node.Name, dir.Owner, dir.HostPath)
			}
		}
		for _, m := range node.Mounts {
			if path.Clean(m.ContainerPath) != volumesDir {
				continue
			}
			host := path.Clean(m.HostPath)
			if other, is := volumes[host]; is && other != node.Name {
				warnings = append(warnings, fmt.Sprintf("%s and %s keep their volumes in the same directory, %s: a volume still belongs to the node that it was made on", other, node.Name, host))
				continue
			}
			volumes[host] = node.Name
		}
	}
	return warnings
}
