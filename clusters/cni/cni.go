// Package cni is what configurations of clusters know of CNIs: their names, their
// settings, and what else they rule out. The package of a CNI describes it, package
// addons registers it, and package clusters reads, validates and documents it.
package cni

import (
	"slices"
	"strings"
)

// None stands for no CNI.
const None = "none"

// CNI describes a CNI.
type CNI struct {
	// Name is what users write, such as "cilium". It is also the field of the
	// configuration that has the settings.
	Name string
	// Title is the name in sentences, such as "Cilium".
	Title string
	// ReplacesProxy says that it can do kube-proxy's work.
	ReplacesProxy bool
	// UsesNodeCIDRs says that pods get addresses of the range that the controller
	// manager gives to their node.
	UsesNodeCIDRs bool
	// New makes empty settings; nil where there is nothing to set.
	New func() Settings
	// Fields describe the fields of the settings, in their order.
	Fields []Field
	// Example is the settings' YAML as it stands below their field, each line indented.
	Example string
}

// Settings are what users ask of a CNI: a pointer to a struct with YAML tags.
type Settings interface {
	// Validate reports the fields that are not possible with a proxy mode. What the
	// CNI's own schema says of them is checked later.
	Validate(proxyMode string, report func(field, format string, args ...any))
}

// Field describes a field of settings.
type Field struct {
	Name  string
	Type  string // of JSON Schema
	About string
}

var registered []CNI

// Register adds a CNI. It panics if the name is taken.
func Register(c CNI) {
	if _, taken := Named(c.Name); taken || c.Name == None {
		panic("there is a CNI " + c.Name + " already")
	}
	registered = append(registered, c)
}

// All are the CNIs, in the order in which they were registered.
func All() []CNI { return slices.Clone(registered) }

// Names are what users can write, None last.
func Names() (names []string) {
	for _, c := range registered {
		names = append(names, c.Name)
	}
	return append(names, None)
}

// Named returns the CNI of a name.
func Named(name string) (found CNI, is bool) {
	at := slices.IndexFunc(registered, func(c CNI) bool { return c.Name == name })
	if at < 0 {
		return CNI{}, false
	}
	return registered[at], true
}

// ReplacingProxy are the CNIs that can do kube-proxy's work: their names, and their
// titles as a text.
func ReplacingProxy() (names []string, titles string) {
	var all []string
	for _, c := range registered {
		if c.ReplacesProxy {
			names, all = append(names, c.Name), append(all, c.Title)
		}
	}
	return names, strings.Join(all, " or ")
}
