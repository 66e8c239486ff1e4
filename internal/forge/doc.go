// Package forge makes the images of a cluster where no container registry is
// in reach: from Go modules, through the ordinary go command, and from Debian
// packages. Its product is a node image for kind with everything in it that a
// cluster starts.
//
// # The path of an image
//
// recipe.go is the whole of it on one screen: a graph of components. Each has
// a list of inputs, and its key is a hash of these and of the keys of what it
// needs. Its result is a folder in the cache (cache.go) named by the key, so
// nothing is made twice, an interrupted build resumes where it was, and any
// change of an input makes everything above it again, and nothing else.
// schedule.go runs what is missing, compilers beside package downloads.
//
//   - A program (gobuild.go) is a small module of ours, modules/NAME.mod and
//     NAME.sum, that requires an upstream module at a pinned version and hash;
//     one call of the go command builds all of its programs.
//   - A file system (rootfs.go) is a tree of Debian packages, made by package
//     debian, as a layer.
//   - An image (image.go; kubernetes.go, storage.go, cilium.go, calico.go) is
//     a layer with programs on top of layers of file systems, put where the
//     upstream Dockerfile puts them, under the name that manifests and kubeadm
//     expect. That of Cilium's agent has the BPF programs that the agent would
//     compile (ciliumobjects.go, with what is in package bpf).
//   - A store (store.go) is the folder of a containerd into which images were
//     imported by that very containerd, running on the host (containerd.go).
//     A CNI's store continues the one of Kubernetes' images.
//   - A node image (node.go) is Debian's packages, kind's own files from the
//     kind module (kindbase.go), the programs of a node, and stores.
//
// docker.go loads finished images into Docker. conformance.go builds
// Kubernetes' own tests in the same way, and standins.go the images that they
// run and that no node has.
//
// # Two properties to keep
//
// Layers are reproducible: archives are sorted, with one time and fixed
// owners (layer.go, archive.go); programs are built with -trimpath by one pinned
// toolchain; containerd's databases are settled (settle.go). The same inputs
// give the same layers on every machine, as long as Debian's mirror has the
// same versions.
//
// Nothing is copied per node. Docker fills a volume with the image's /var for
// each node that kind makes, so the unpacked images are in /kind/snapshots and
// containerd's folder in /var has links to them: /var is less than a megabyte,
// and all nodes share one copy in the page cache as well.
// A program that several images hold is one file with several names (share.go).
package forge
