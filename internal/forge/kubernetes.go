package forge

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The modules of what every node image holds, beside those of its release.
// Versions are in modules/*.mod.
var (
	agnhostModule     = module{name: "agnhost"}
	containerdModule  = module{name: "containerd"}
	runcModule        = module{name: "runc"}
	pluginsModule     = module{name: "cni-plugins"}
	provisionerModule = module{name: "local-path-provisioner"}
	kindModule        = module{name: "kind"}
	crictlModule      = module{name: "crictl"}
)

var (
	containerdVersion = containerdModule.version("github.com/containerd/containerd/v2")
	pluginsVersion    = pluginsModule.version("github.com/containernetworking/plugins")
	crictlVersion     = crictlModule.version("sigs.k8s.io/cri-tools")
)

// What Kubernetes calls the images that are the same in all releases: the tag
// of pause is the one that kind's configuration of containerd names, that of
// agnhost stands in test/utils/image of the newest release.
const (
	registry     = "registry.k8s.io/"
	pauseVersion = "3.10"
	pauseImage   = registry + "pause:" + pauseVersion
	agnhostImage = registry + "e2e-test-images/agnhost:2.66.1"
)

// programs are those that a release brings. The estimates are for two cores
// that compile two programs at once with an empty build cache.
func (r release) programs() []program {
	return []program{
		{module: r.kubernetes, title: "Kubernetes " + r.version(), ldflags: r.flags(), estimate: 850 * time.Second},
		{module: r.coredns, title: "CoreDNS", estimate: 200 * time.Second},
		{module: r.etcd, title: "etcd", estimate: 60 * time.Second},
	}
}

// corePrograms are those of every node image.
var corePrograms = []program{
	{module: agnhostModule, title: "agnhost", estimate: 60 * time.Second},
	{module: provisionerModule, title: "local-path-provisioner", estimate: 120 * time.Second},
	{
		module: containerdModule, title: "containerd", tags: "no_aufs no_zfs no_btrfs no_devmapper", estimate: 90 * time.Second,
		ldflags: []string{"-X github.com/containerd/containerd/v2/version.Version=" + containerdVersion},
	},
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
	{
		module: crictlModule, title: "crictl", estimate: 90 * time.Second,
		ldflags: []string{"-X sigs.k8s.io/cri-tools/pkg/version.Version=" + crictlVersion},
	},
}

// images are those that every node image holds, but for storage's.
func (r release) images() []image {
	return []image{
		r.controlPlane("kube-apiserver"),
		r.controlPlane("kube-controller-manager"),
		r.controlPlane("kube-scheduler"),
		{
			ref: registry + "kube-proxy:" + r.version(), bases: []string{"userland"},
			fill: programs("kubernetes", map[string]string{"usr/local/bin/kube-proxy": "kube-proxy"}),
		},
		{
			ref: registry + "etcd:" + r.etcdTag, bases: []string{"static"},
			fill: programs("etcd", map[string]string{"usr/local/bin/etcd": "server", "usr/local/bin/etcdctl": "etcdctl"}),
		},
		{
			ref: registry + "coredns/coredns:" + r.coredns.version("github.com/coredns/coredns"), bases: []string{"static"},
			fill:   programs("coredns", map[string]string{"coredns": "coredns"}),
			config: v1.Config{Entrypoint: []string{"/coredns"}, User: "65532:65532", WorkingDir: "/"},
		},
		{
			ref:    pauseImage,
			fill:   programs("pause", map[string]string{"pause": "pause"}),
			config: v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"},
		},
		{
			ref: agnhostImage, bases: []string{"userland", "network-tools"}, fill: fillAgnhost,
			config: agnhostConfig,
		},
	}
}

func (r release) controlPlane(name string) image {
	return image{
		ref: registry + name + ":" + r.version(), bases: []string{"static"},
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

// agnhostConfig is what test/images/agnhost/Dockerfile of the Kubernetes
// module says.
var agnhostConfig = v1.Config{
	Entrypoint: []string{"/agnhost"}, Cmd: []string{"pause"},
	ExposedPorts: map[string]struct{}{"80/tcp": {}, "8080/tcp": {}, "8081/tcp": {}, "9376/tcp": {}, "5000/tcp": {}},
}

// fillAgnhost adds what upstream's Dockerfile adds, but for the content of the
// fake registry, which is copied from real ones while upstream's is built.
func fillAgnhost(ctx context.Context, w *work, t tree) error {
	source, err := agnhostModule.source(ctx, w, "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, name := range []string{"localhost.crt", "localhost.key"} {
		if err := t.file(name, 0o644, filepath.Join(source, "test/images/agnhost/porter", name)); err != nil {
			return err
		}
	}
	if err := addAccounts(w, t); err != nil {
		return err
	}
	t.directory("uploads", 0o755)
	t.symlink("agnhost-2", "agnhost")
	if err := t.program("coredns", w.path("coredns", "bin", "coredns")); err != nil {
		return err
	}
	return t.program("agnhost", w.path("agnhost", "bin", "agnhost"))
}

// addAccounts adds the user and the groups that tests of supplemental groups
// expect in the image.
func addAccounts(w *work, t tree) error {
	for file, lines := range map[string]string{
		"etc/passwd": "user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n",
		"etc/group":  "user-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n",
	} {
		base, err := os.ReadFile(w.path("userland", rootFolder, file))
		if err != nil {
			return err
		}
		t.text(file, 0o644, string(base)+lines)
	}
	home := t.directory("home/user-defined-in-image", 0o755)
	home.header.Uid, home.header.Gid = 1000, 1000
	return nil
}

// pause is the one program that is not Go.
func pause() component {
	flags := []string{"-Os", "-Wall", "-static", "-s", "-DVERSION=" + pauseVersion}
	return component{
		name: "pause", title: "pause", lane: compile, estimate: time.Second,
		inputs: append(agnhostModule.inputs(), []byte(path.Join(flags...))),
		build: func(ctx context.Context, w *work) error {
			source, err := agnhostModule.source(ctx, w, "k8s.io/kubernetes")
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
