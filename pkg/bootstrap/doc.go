// Package bootstrap makes clusters.
//
// Plan is the recipe, on one screen: an ordered list of phases. Run works
// through it, tells a sink what is happening, and when a phase fails or the
// context ends, undoes what was done in reverse order. Nothing is left behind
// unless the caller wants to look at it.
//
// The package knows nothing of particular CNIs or of the command line: it is
// handed an Addon, a Topology and the places to find images.
package bootstrap
