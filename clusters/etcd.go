package clusters

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// Where etcd runs.
const (
	StackedEtcd  = "stacked"
	ExternalEtcd = "external"
)

// EtcdPlaces lists them.
var EtcdPlaces = []string{StackedEtcd, ExternalEtcd}

const (
	// DefaultEtcdMembers is the least number that survives the loss of one.
	DefaultEtcdMembers = 3
	// maxEtcdMembers is what etcd's documentation recommends: more only cost writes.
	maxEtcdMembers = 7
	// EtcdMember is the role of a container of an external etcd, as kind would name it
	// (kind v0.33.0, pkg/cluster/constants).
	EtcdMember = "external-etcd"
)

// ExternalEtcd reports whether etcd is apart from the control planes: asked for, or
// because its members are counted.
func (t Topology) ExternalEtcd() bool {
	return t.Etcd == ExternalEtcd || t.Etcd == "" && t.EtcdMembers != 0
}

// EtcdNames are the names of the containers of an external etcd; none when etcd is
// on the control planes.
func (t Topology) EtcdNames() (names []string) {
	if !t.ExternalEtcd() {
		return nil
	}
	for i := range cmp.Or(t.EtcdMembers, DefaultEtcdMembers) {
		names = append(names, nodeName(t.Name, EtcdMember, i))
	}
	return names
}

// Members is the number of members of etcd that are the cluster's, wherever they are:
// none where patches lead to an etcd of the user's.
func (t Topology) Members() int {
	if t.ownEtcd() {
		return 0
	}
	return cmp.Or(len(t.EtcdNames()), t.ControlPlanes)
}

// validateEtcd reports settings of etcd that are impossible, or certain to be a mistake.
func (v validator) validateEtcd() {
	if v.Etcd != "" && !slices.Contains(EtcdPlaces, v.Etcd) {
		v.report.unknown("etcd", "place of etcd", v.Etcd, EtcdPlaces)
		return
	}
	switch n := v.EtcdMembers; {
	case n != 0 && !v.ExternalEtcd():
		v.report("etcdMembers", "%d members of etcd: on the control planes there is one on each; for others write etcd: external", n)
	case n < 0 || n > maxEtcdMembers:
		v.report("etcdMembers", "%d members of etcd: use 1 to %d", n, maxEtcdMembers)
	case n%2 == 0 && n > 0 && !v.AllowEvenEtcd:
		v.report("etcdMembers", "%d members of etcd have a quorum of %d and survive the loss of %d, no more than %d members would; use an odd number, or allowEvenEtcd to have it so", n, n/2+1, (n-1)/2, n-1)
	}
}

// externalEtcd is kubeadm's word for it.
func (r renderer) externalEtcd() string {
	var patch strings.Builder
	patch.WriteString("kind: ClusterConfiguration\netcd:\n  external:\n    endpoints:\n")
	for _, name := range r.EtcdNames() {
		fmt.Fprintf(&patch, "    - https://%s:2379\n", name)
	}
	patch.WriteString("    caFile: /etc/kubernetes/pki/etcd/ca.crt\n    certFile: /etc/kubernetes/pki/apiserver-etcd-client.crt\n    keyFile: /etc/kubernetes/pki/apiserver-etcd-client.key\n")
	return patch.String()
}

// ownEtcd reports whether patches of the configuration lead kubeadm to an etcd that
// the user runs.
func (t Topology) ownEtcd() bool {
	patches := t.clusterPatches().patches
	for _, node := range t.Each() {
		patches = append(patches, t.nodePatches(node).patches...)
	}
	for _, patch := range patches {
		if patch.Kind == kindpatch.ClusterConfiguration && patch.Sets("etcd", "external") {
			return true
		}
	}
	return false
}
