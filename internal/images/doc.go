// Package images finds the container images that a cluster runs.
//
// A cluster needs a node image in Docker and, inside every node, the images of
// the CNI and of the probe pods. Three places can have them: Docker itself, a
// registry, and the forge, which compiles them on this host. Resolve asks in
// the order that the Mode names and returns a Set: the node image, and one
// archive for each pod image that the node image does not already hold.
//
// Pod images are pulled once, on the host and at the same time, into archives
// that later clusters use again. Nodes never pull them.
package images
