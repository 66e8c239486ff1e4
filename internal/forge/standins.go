package forge

import (
	"context"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kindctl/kindctl/internal/forge/debian"
)

// busyBox is Debian's, with the shell of Debian's bash: that of its busybox
// drops variables whose names no shell could set, which tests of environments
// read.
var busyBox = debian.Spec{
	Name: "busybox", Suite: debian.Suite, Alone: []string{"bash-static", "busybox-static"},
	Drop: []string{"usr/share/initramfs-tools", "etc"},
}

// nginx is Debian's web server, on top of the shared base.
var nginx = debian.Spec{Name: "nginx", Suite: debian.Suite, Extends: &debian.Userland, Packages: []string{"nginx-light"}}

// standIn is an image for tests under the name that they use, and what it is
// made of in fact.
type standIn struct {
	image
	origin string
}

// testImages is where the images of Kubernetes' tests are; their tags stand in
// test/utils/image/manifest.go of the Kubernetes module.
const testImages = registry + "e2e-test-images/"

func standIns() []standIn {
	own := []string{"userland", "network-tools"}
	return []standIn{
		{
			origin: "the agnhost of every node image",
			image:  image{ref: testImages + "agnhost:2.55", bases: own, fill: fillAgnhost, config: agnhostConfig},
		},
		{
			origin: "Debian's busybox-static, with bash-static as sh",
			image: image{
				ref: testImages + "busybox:1.37.0-2", bases: []string{"static"}, fill: fillBusyBox,
				config: v1.Config{Cmd: []string{"sh"}},
			},
		},
		{
			origin: "Debian with bind9-dnsutils, and CoreDNS",
			image: image{
				ref: testImages + "glibc-dns-testing:2.1.1", bases: own,
				fill: programs("coredns", map[string]string{"coredns": "coredns"}), config: v1.Config{Cmd: []string{"bash"}},
			},
		},
		{origin: "Debian's nginx-light", image: nginxImage("nginx:1.27.0-2")},
		{origin: "Debian's nginx-light, the same", image: nginxImage("nginx:1.28.0-2")},
		{
			origin: "agnhost with nautilus' files of the Kubernetes module",
			image: image{
				ref: testImages + "nautilus:1.8", bases: own, fill: fillNautilus,
				config: v1.Config{Entrypoint: agnhostConfig.Entrypoint, Cmd: []string{"test-webserver"}},
			},
		},
		{
			origin: "Debian",
			image:  image{ref: testImages + "nonroot:1.5", bases: own[:1], config: v1.Config{User: "1234", Cmd: []string{"bash"}}},
		},
		{
			origin: "the program of the Kubernetes module",
			image: image{
				ref: testImages + "nonewprivs:1.4", bases: []string{"static"}, fill: fillNoNewPrivileges,
				config: v1.Config{Cmd: []string{"nnp"}},
			},
		},
		{
			origin: "the program of k8s.io/sample-apiserver, of the same release as Kubernetes",
			image: image{
				ref: testImages + "sample-apiserver:1.29.2", bases: []string{"static"},
				fill:   programs("conformance", map[string]string{"sample-apiserver": "sample-apiserver"}),
				config: v1.Config{Entrypoint: []string{"/sample-apiserver"}},
			},
		},
		{
			origin: "pause " + pauseVersion,
			image: image{
				ref: registry + "pause:3.10.2", fill: programs("pause", map[string]string{"pause": "pause"}),
				config: v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"},
			},
		},
	}
}

func nginxImage(nameAndTag string) image {
	return image{
		ref: testImages + nameAndTag, bases: []string{"userland", "nginx"},
		fill: func(_ context.Context, _ *work, t tree) error {
			t.text("etc/nginx/nginx.conf", 0o644, nginxConfig)
			return nil
		},
		config: v1.Config{
			Cmd: []string{"nginx", "-g", "daemon off;"}, StopSignal: "SIGQUIT",
			ExposedPorts: map[string]struct{}{"80/tcp": {}},
		},
	}
}

const nginxConfig = `user www-data;
pid /run/nginx.pid;
error_log stderr notice;
events {}
http {
	include mime.types;
	access_log /dev/stdout;
	server {
		listen 80;
		root /usr/share/nginx/html;
	}
}
`

// fillBusyBox adds busybox under the name of each of its applets.
func fillBusyBox(ctx context.Context, w *work, t tree) error {
	files := filepath.Join(w.path("busybox", rootFolder), "usr/bin")
	applets, err := w.output(ctx, command{name: filepath.Join(files, "busybox"), args: []string{"--list"}})
	if err != nil {
		return err
	}
	for _, applet := range strings.Fields(applets) {
		t.symlink("bin/"+applet, "busybox")
	}
	t.symlink("usr/bin/env", "/bin/env")
	if err := t.program("bin/sh", filepath.Join(files, "bash-static")); err != nil {
		return err
	}
	return t.program("bin/busybox", filepath.Join(files, "busybox"))
}

func fillNautilus(ctx context.Context, w *work, t tree) error {
	if err := fillAgnhost(ctx, w, t); err != nil {
		return err
	}
	source, err := agnhostModule.source(ctx, w, "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, name := range []string{"nautilus.jpg", "data.json"} {
		if err := t.file(name, 0o644, filepath.Join(source, "test/images/nautilus/html", name)); err != nil {
			return err
		}
	}
	return nil
}

// fillNoNewPrivileges adds the program that prints as whom it runs, with the
// bits by which it gains root where that is allowed.
func fillNoNewPrivileges(_ context.Context, w *work, t tree) error {
	const name = "usr/local/bin/nnp"
	if err := t.program(name, w.path("conformance", "bin", "nonewprivs")); err != nil {
		return err
	}
	t[name].header.Mode = 0o6755
	return nil
}
