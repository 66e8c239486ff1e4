// Package bootstrap creates clusters.
//
// Up.Plan is the recipe, on one screen: an ordered list of phases. Run works through it
// and reports to a sink; when a phase fails or the context ends, it undoes what was done
// in reverse order. Nothing is left unless the caller asks to retain it.
//
// The package knows no particular CNI and no command line: it is given a plugin.Addon, a
// Topology and a resolver of images.
package bootstrap
