package clusters

import (
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// Request is a setting that patches of the configuration ask a component for.
type Request struct {
	// Node is the name of the node; "" is every node that runs the component.
	Node string
	// Component is kube-apiserver, kube-controller-manager, kube-scheduler, etcd,
	// kubelet, kube-proxy, containerd, or kubeadm for the rest of its configuration.
	Component string
	// Setting is a command-line flag with its dashes, or the path of a field of the
	// component's configuration. One of containerd may also be the path of a field in a
	// TOML file of the node: that of the file is its first name.
	Setting string
	// Value is the value of a flag as text, or that of a field as JSON has it; nil is
	// one that is not to be set.
	Value any
	// Source is where the configuration says so, FILE:LINE if that is known.
	Source string
}

// Requests are the settings that the configuration's patches ask for, beyond what
// kind and kindctl write: of two patches for the same, the one that kind applies
// last.
func (t Topology) Requests(settings NodeSettings) (requests []Request) {
	if t.Raw == nil {
		return nil
	}
	r := renderer{t, settings}
	for _, node := range r.Each() {
		for _, change := range r.rendered(node).changes {
			if request, counts := requestOf(node, change); counts {
				requests = put(requests, request)
			}
		}
	}
	for _, request := range t.containerdRequests() {
		requests = put(requests, request)
	}
	return requests
}

// put adds a request, in place of an earlier one for the same setting.
func put(requests []Request, one Request) []Request {
	at := slices.IndexFunc(requests, func(r Request) bool {
		return r.Node == one.Node && r.Component == one.Component && r.Setting == one.Setting
	})
	if at >= 0 {
		requests[at] = one
		return requests
	}
	return append(requests, one)
}

// rendered is kubeadm's configuration of one node.
type rendered struct {
	documents kindpatch.Documents
	changes   []kindpatch.Change // by the user's patches
	// failures are patches that cannot be applied.
	failures []failure
	// effective says, of each patch of a kind that the node reads, whether it changes
	// anything.
	effective map[patchID]bool
	// kept are feature gates and APIs that patches would have replaced.
	kept []keeping
}

// patchID identifies a patch, which may be translated into several, by where it
// stands.
type patchID struct{ place, kind string }

func idOf(patch kindpatch.Patch) patchID { return patchID{patch.PlaceOf("kind"), patch.Kind} }

type failure struct {
	patch kindpatch.Patch
	err   error
}

// rendered is the configuration of a node as kind writes it: its own, the cluster's
// patches, the node's; kindctl's before the user's.
func (r renderer) rendered(node Node) rendered {
	result := rendered{documents: r.kindpatchNode(node).Documents(), effective: map[patchID]bool{}}
	for _, text := range r.ownPatches() {
		result.own(text)
	}
	result.users(r.translatedFor(r.clusterPatches(), r.Each()))
	for _, text := range registration(node, r.settings) {
		result.own(text)
	}
	result.users(r.translatedFor(r.nodePatches(node), []Node{node}))
	if node.isFirst() {
		result.keep(r.kept(result.documents, result.changes))
	}
	return result
}

// own applies patches of kindctl, which can be.
func (r *rendered) own(text string) {
	patches, err := kindpatch.Parse(text, "", nil)
	if err != nil {
		panic(err) // kindctl's own
	}
	for _, patch := range patches {
		if _, err := patch.Apply(r.documents); err != nil {
			panic(err)
		}
	}
}

// users applies patches of the configuration: of those for all nodes, merge patches
// come before steps, as with kind.
func (r *rendered) users(set translation) {
	for _, merges := range []bool{true, false} {
		for _, patch := range set.patches {
			if patch.IsMerge() != merges {
				continue
			}
			applied := patch.Matches(r.documents[patch.Kind])
			changes, err := patch.Apply(r.documents)
			if err != nil {
				r.failures = append(r.failures, failure{patch, err})
			}
			if id := idOf(patch); applied {
				r.effective[id] = r.effective[id] || err != nil || len(changes) > 0
			}
			r.changes = append(r.changes, changes...)
		}
	}
}

// componentOf are the parts of ClusterConfiguration whose arguments are those of a
// component.
var componentOf = map[string]string{
	"apiServer": "kube-apiserver", "controllerManager": "kube-controller-manager", "scheduler": "kube-scheduler", "etcd.local": "etcd",
}

// requestOf says which component a change is for, and false where the node does
// not read it, or another one decides for all.
func requestOf(node Node, change kindpatch.Change) (request Request, counts bool) {
	first := node.isFirst()
	request = Request{Setting: dotted(change.Path), Value: change.Value, Source: change.Place}
	switch change.Kind {
	case kindpatch.ClusterConfiguration:
		counts, request.Component = first, "kubeadm"
		if change.IsArgument() {
			if component := componentOf[strings.Join(change.Path[:len(change.Path)-2], ".")]; component != "" {
				request.Component, request.Setting = component, flagOf(change)
			}
		}
	case kindpatch.InitConfiguration, kindpatch.JoinConfiguration:
		counts, request.Node, request.Component = first == (change.Kind == kindpatch.InitConfiguration), node.Name, "kubeadm"
		if change.IsArgument() {
			request.Component, request.Setting = "kubelet", flagOf(change)
		}
	case kindpatch.KubeletConfiguration:
		counts, request.Component = first, "kubelet"
	case kindpatch.KubeProxyConfiguration:
		counts, request.Component = first, "kube-proxy"
	}
	return request, counts
}

func flagOf(change kindpatch.Change) string { return "--" + change.Path[len(change.Path)-1] }

// dotted joins names to a path; those with dots are quoted, as in TOML.
func dotted(path []string) string {
	words := slices.Clone(path)
	for i, word := range words {
		if strings.ContainsAny(word, ".") {
			words[i] = `"` + word + `"`
		}
	}
	return strings.Join(words, ".")
}
