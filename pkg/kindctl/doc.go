// Package kindctl creates, verifies, changes and removes clusters from Go programs, as
// the command does, which calls it.
//
// A Client has a method for each command of the CLI. Options are structs whose zero
// values are the command's defaults. What happens goes to an event.Sink, and errors have
// advice, a stable reason and an exit code (pkg/hint). Go tests get a cluster in one line
// from package kindctltest.
//
// The package knows the recipe (pkg/bootstrap), the catalog of CNIs (addons), the sources
// of images (internal/images) and the forge together, and wires them.
//
// # Stability
//
// Public are this package, pkg/kindctltest, clusters, pkg/verify, pkg/event and pkg/hint.
// Before 1.0 they may change between minor versions, as CHANGELOG.md says. Reasons of
// errors, exit codes, and IDs of checks and events are stable. Titles and messages, and
// all other packages, may change without notice.
package kindctl
