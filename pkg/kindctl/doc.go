// Package kindctl makes, verifies and removes clusters from Go programs, as the
// command does.
//
// It is the one place that knows the recipe (pkg/bootstrap), the catalog of
// CNIs (addons), the sources of images (pkg/images) and the forge together, and
// wires them: Places and Checks are what the command uses too. Up, Verify and
// Down are the command's verbs as functions. What happens goes to an event.Sink,
// and errors carry advice, a stable reason and an exit code (pkg/hint).
//
// Go tests get a cluster in one line from package kindctltest.
package kindctl
