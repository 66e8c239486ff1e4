// Package debian makes root file systems from Debian packages, without
// debootstrap, chroot or root rights.
//
// Build reads as the recipe: a private apt (its own sources, state and
// cache, nothing of the host's) resolves the packages of a Spec, verifies and
// downloads them; each package is unpacked into the tree, without what a
// container never reads (trim.go); what maintainer scripts would have
// done and a container needs is done by configure.go; and at last every
// program left is checked to have the libraries that it is linked with.
//
// The tree depends on the Spec, on this package's source and on the package
// versions of the mirror on that day, and on nothing else: no machine ID, no
// logs, no random numbers. Times and owners of files are the business of
// whoever makes a layer of the tree: they are meant to be fixed (owner 0:0).
//
// A Spec that extends another one yields only the difference, so that images
// share the layer of the common one. The two may be of different days: a
// Debian stable release keeps its libraries compatible.
package debian
