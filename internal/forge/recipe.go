package forge

import (
	"embed"
	"time"

	"github.com/kindctl/kindctl/internal/forge/debian"
)

// recipe is everything that goes into the images of all specs of a release, in
// the order in which it is built when there is a choice: what others wait for
// longest comes first.
func recipe(r release) graph {
	programs := append(r.programs(), corePrograms...)
	g := graph{programs[0].component(), ciliumProgram.component(), calicoProgram.component()}
	for _, program := range programs[1:] {
		g = append(g, program.component())
	}
	g = append(g,
		clangProgram.component(), precompiler.component(),
		pause(),

		fileSystem("userland", "Userland of images", debian.Userland, 40*time.Second),
		fileSystem("network-tools", "Network tools of images", debian.NetworkTools, 40*time.Second),
		fileSystem("node-base", "Userland of nodes", debian.NodeBase, 40*time.Second),
		fileSystem("cilium-compiler", "Compiler for Cilium", debian.Cilium, 60*time.Second),
		fileSystem("calico-supervisor", "Supervisor for Calico", debian.CalicoNode, 30*time.Second),

		static(),
		ciliumObjects(),
		nodeFiles(r),
		store("core-images", "Images of Kubernetes", "",
			[]string{"kubernetes", "agnhost", "etcd", "coredns", "local-path-provisioner", "pause", "static", "userland", "network-tools"},
			append(r.images(), storageImages()...), source("kubernetes.go", "storage.go"), 30*time.Second),
		store("cilium-images", "Images of Cilium", "core-images",
			[]string{"cilium", "cni-plugins", "static", "userland", "network-tools", "cilium-compiler", "cilium-clang", "cilium-objects"}, ciliumImages(), source("cilium.go"), 20*time.Second),
		store("calico-images", "Images of Calico", "core-images",
			[]string{"calico", "cni-plugins", "static", "userland", "calico-supervisor"}, calicoImages(), source("calico.go"), 20*time.Second),
		cniCharts(Cilium), cniCharts(Calico),
	)
	for _, cni := range CNIs {
		g = append(g, node(cni, r))
	}
	return append(g, balancerFiles(), balancer())
}

// cniImages are the images that a CNI adds.
func cniImages(cni string) []image {
	switch cni {
	case Cilium:
		return ciliumImages()
	case Calico:
		return calicoImages()
	}
	return nil
}

// The source of what puts layers together decides what is in them, so it is
// an input like any other. The programs need no such thing: the compiler and
// its arguments decide all.
var (
	layerCode = source("layer.go", "archive.go", "blob.go", "image.go", "rootfs.go")
	storeCode = source("store.go", "share.go", "settle.go", "containerd.go")
	nodeCode  = source("kindbase.go", "node.go")
)

//go:embed *.go
var sources embed.FS

func source(files ...string) (text []byte) {
	for _, file := range files {
		content, err := sources.ReadFile(file)
		if err != nil {
			panic(err) // embedded: a missing file is a mistake of ours
		}
		text = append(text, content...)
	}
	return text
}
