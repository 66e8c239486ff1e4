package forge

import (
	"context"
	"path"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The modules of what every node image holds. Versions are in modules/*.mod.
var (
	kubernetesModule  = module{name: "kubernetes"}
	etcdModule        = module{name: "etcd"}
	corednsModule     = module{name: "coredns"}
	containerdModule  = module{name: "containerd"}
	runcModule        = module{name: "runc"}
	pluginsModule     = module{name: "cni-plugins"}
	provisionerModule = module{name: "local-path-provisioner"}
	kindModule        = module{name: "kind"}
)

var (
	kubernetesVersion = kubernetesModule.version("k8s.io/kubernetes")
	containerdVersion = containerdModule.version("github.com/containerd/containerd/v2")
	pluginsVersion    = pluginsModule.version("github.com/containernetworking/plugins")
)

// What Kubernetes calls the images of the other components that go with it:
// cmd/kubeadm/app/constants and test/utils/image of its source. The tag of
// pause is the one that kind's configuration of containerd names.
const (
	registry     = "registry.k8s.io/"
	etcdImage    = registry + "etcd:3.7.0-0"
	pauseVersion = "3.10"
	pauseImage   = registry + "pause:" + pauseVersion
	agnhostImage = registry + "e2e-test-images/agnhost:2.66.1"
)

// The programs of every node image. The estimates are for two cores that
// compile two programs at once with an empty build cache.
var corePrograms = []program{
	{module: kubernetesModule, title: "Kubernetes", ldflags: kubernetesFlags(), estimate: 850 * time.Second},
	{module: corednsModule, title: "CoreDNS", estimate: 200 * time.Second},
	{module: provisionerModule, title: "local-path-provisioner", estimate: 120 * time.Second},
	{
		module: containerdModule, title: "containerd", tags: "no_aufs no_zfs no_btrfs no_devmapper", estimate: 90 * time.Second,
		ldflags: []string{"-X github.com/containerd/containerd/v2/version.Version=" + containerdVersion},
	},
	{module: etcdModule, title: "etcd", estimate: 60 * time.Second},
	{
		// Linked statically, as upstream releases it: the host's C library
		// may be newer than the node's.
		module: runcModule, title: "runc", tags: "seccomp netgo osusergo", cgo: true, estimate: 30 * time.Second,
		ldflags: []string{"-extldflags -static"},
	},
	{
		module: pluginsModule, title: "CNI plugins", estimate: 15 * time.Second,
		ldflags: []string{"-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=" + pluginsVersion},
	},
}

// kubernetesFlags tell all programs of Kubernetes which version they are:
// the module does not know the commit that it was made of.
func kubernetesFlags() (flags []string) {
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, assignment := range []string{
			"gitVersion=" + kubernetesVersion, "gitMajor=1", "gitMinor=37", "gitCommit=unknown",
			"gitTreeState=archive", "buildDate=2026-10-27T12:01:04Z",
		} {
			flags = append(flags, "-X "+pkg+"."+assignment)
		}
	}
	return flags
}

// coreImages are the images that every node image holds, but for storage's.
func coreImages() []image {
	return []image{
		controlPlane("kube-apiserver"),
		controlPlane("kube-controller-manager"),
		controlPlane("kube-scheduler"),
		{
			ref: registry + "kube-proxy:" + kubernetesVersion, bases: []string{"userland"},
			fill: programs("kubernetes", map[string]string{"usr/local/bin/kube-proxy": "kube-proxy"}),
		},
		{
			ref: etcdImage, bases: []string{"static"},
			fill: programs("etcd", map[string]string{"usr/local/bin/etcd": "server", "usr/local/bin/etcdctl": "etcdctl"}),
		},
		{
			ref: registry + "coredns/coredns:" + corednsModule.version("github.com/coredns/coredns"), bases: []string{"static"},
			fill:   programs("coredns", map[string]string{"coredns": "coredns"}),
			config: v1.Config{Entrypoint: []string{"/coredns"}, User: "65532:65532", WorkingDir: "/"},
		},
		{
			ref:    pauseImage,
			fill:   programs("pause", map[string]string{"pause": "pause"}),
			config: v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"},
		},
		{
			ref: agnhostImage, bases: []string{"userland"}, fill: fillAgnhost,
			config: v1.Config{Entrypoint: []string{"/agnhost"}, Cmd: []string{"pause"}},
		},
	}
}

func controlPlane(name string) image {
	return image{
		ref: registry + name + ":" + kubernetesVersion, bases: []string{"static"},
		fill: programs("kubernetes", map[string]string{"usr/local/bin/" + name: name}),
	}
}

// programs returns a fill that puts programs of a component at paths.
func programs(component string, paths map[string]string) func(context.Context, *work, tree) error {
	return func(_ context.Context, w *work, t tree) error {
		for name, program := range paths {
			if err := t.program(name, w.path(component, "bin", program)); err != nil {
				return err
			}
		}
		return nil
	}
}

func fillAgnhost(ctx context.Context, w *work, t tree) error {
	source, err := kubernetesModule.source(ctx, w, "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, name := range []string{"localhost.crt", "localhost.key"} {
		if err := t.file(name, 0o644, filepath.Join(source, "test/images/agnhost/porter", name)); err != nil {
			return err
		}
	}
	t.directory("uploads", 0o755)
	t.symlink("agnhost-2", "agnhost")
	return t.program("agnhost", w.path("kubernetes", "bin", "agnhost"))
}

// pause is the one program that is not Go.
func pause() component {
	flags := []string{"-Os", "-Wall", "-static", "-s", "-DVERSION=" + pauseVersion}
	return component{
		name: "pause", title: "pause", lane: compile, estimate: time.Second,
		inputs: append(kubernetesModule.inputs(), []byte(path.Join(flags...))),
		build: func(ctx context.Context, w *work) error {
			source, err := kubernetesModule.source(ctx, w, "k8s.io/kubernetes")
			if err != nil {
				return err
			}
			out := filepath.Join(w.dir, "bin", "pause")
			if err := mkdirFor(out); err != nil {
				return err
			}
			args := append(flags, "-o", out, filepath.Join(source, "build/pause/linux/pause.c"))
			return w.run(ctx, command{name: "gcc", args: args})
		},
	}
}
