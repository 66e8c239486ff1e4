// Package fidelity says where a cluster differs from one in production so that it
// is up sooner. A package that takes such a shortcut lists it, and leaves it when the
// user asks for production.
package fidelity

import "slices"

// How near a cluster is to one in production.
const (
	// Fast takes every shortcut. It is what a cluster gets by default.
	Fast = "fast"
	// Production takes none.
	Production = "production"
)

// Modes lists both.
var Modes = []string{Fast, Production}

// Shortcut is one setting that differs from production.
type Shortcut struct {
	// Setting is what differs: "keys of the certificates".
	Setting string `json:"setting"`
	// Here and There are its values in a fast cluster and in production.
	Here  string `json:"fast"`
	There string `json:"production"`
	// Effect is what it saves, and what it costs.
	Effect string `json:"effect"`
	// Kept says that a cluster as in production has it too: something on this side
	// of production cannot do without, which Effect names.
	Kept bool `json:"kept,omitempty"`
}

// Taken are those of all shortcuts that a cluster takes.
func Taken(all []Shortcut, production bool) []Shortcut {
	return slices.DeleteFunc(slices.Clone(all), func(s Shortcut) bool { return production && !s.Kept })
}
