package forge

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// calicoVersion is the release that the pseudo-version in calico.mod is.
const (
	calicoPath    = "github.com/projectcalico/calico"
	calicoVersion = "v3.31.0"
)

var calicoModule = module{
	name:     "calico",
	stubs:    map[string]string{"httpmachinery": "httpmachinery"},
	unsummed: "github.com/projectcalico/*,github.com/ishidawataru/*",
}

// calicoProgram is built without cgo: felix then lacks its eBPF data plane
// and has those of iptables and nftables.
var calicoProgram = program{
	module: calicoModule, title: "Calico", estimate: 450 * time.Second,
	ldflags: []string{
		"-X " + calicoPath + "/pkg/buildinfo.Version=" + calicoVersion,
		"-X " + calicoPath + "/pkg/buildinfo.GitRevision=" + calicoModule.version(calicoPath),
	},
}

func calicoImages() []image {
	return []image{
		{
			ref: "quay.io/calico/node:" + calicoVersion, bases: []string{"userland", "calico-supervisor"}, fill: fillCalicoNode,
			config: v1.Config{Cmd: []string{"start_runit"}, Env: []string{
				searchPath, "SVDIR=/etc/service/enabled",
				// Without cgo, felix panics when it removes a BPF load
				// balancer, which it does at each start in case there was one.
				"FELIX_DebugSkipCTLBCleanup=true",
			}},
		},
		{
			ref: "quay.io/calico/cni:" + calicoVersion, bases: []string{"static"}, fill: fillCalicoCNI,
			config: v1.Config{
				Cmd: []string{"/opt/cni/bin/install"}, WorkingDir: "/opt/cni/bin",
				Env: []string{strings.Replace(searchPath, "PATH=", "PATH=/opt/cni/bin:", 1)},
			},
		},
		{
			ref: "quay.io/calico/kube-controllers:" + calicoVersion, bases: []string{"static"}, fill: fillCalicoControllers,
			config: v1.Config{Entrypoint: []string{"/usr/bin/kube-controllers"}, User: "999"},
		},
	}
}

func fillCalicoNode(ctx context.Context, w *work, t tree) error {
	source, err := calicoModule.source(ctx, w, calicoPath)
	if err != nil {
		return err
	}
	files := filepath.Join(source, "node/filesystem")
	if err := t.folder("etc", filepath.Join(files, "etc"), root, nil); err != nil {
		return err
	}
	if err := t.folder("usr/sbin", filepath.Join(files, "sbin"), root, nil); err != nil {
		return err
	}
	// A module keeps no modes: scripts are what is called run, rc.local or
	// lies in sbin.
	t.modes("etc", 0o755, 0o644)
	t.modes("usr/sbin", 0o755, 0o755)
	for name, e := range t {
		if base := filepath.Base(name); base == "run" || base == "rc.local" {
			e.header.Mode = 0o755
		}
	}
	return t.program("usr/bin/calico-node", w.path("calico", "bin", "calico-node"))
}

// fillCalicoCNI adds the plug-ins that the program install copies to a node.
func fillCalicoCNI(_ context.Context, w *work, t tree) error {
	const dir = "opt/cni/bin/"
	for _, name := range []string{"calico", "install"} {
		if err := t.program(dir+name, w.path("calico", "bin", name)); err != nil {
			return err
		}
	}
	t.hardlink(dir+"calico-ipam", dir+"calico")
	for _, name := range []string{"bandwidth", "host-local", "loopback", "portmap", "tuning"} {
		if err := t.program(dir+name, w.path("cni-plugins", "bin", name)); err != nil {
			return err
		}
	}
	return nil
}

// fillCalicoControllers adds the controllers and the files that they write
// as user 999.
func fillCalicoControllers(ctx context.Context, w *work, t tree) error {
	for _, name := range []string{"status/status.json", "profiles/mem.pprof", "profiles/cpu.pprof"} {
		t.text(name, 0o644, "").header.Uid = 999
	}
	return programs("calico", map[string]string{
		"usr/bin/kube-controllers": "kube-controllers", "usr/bin/check-status": "check-status",
	})(ctx, w, t)
}
