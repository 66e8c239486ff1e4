package forge

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kindctl/kindctl/internal/forge/bpf"
)

const ciliumPath = "github.com/cilium/cilium"

var (
	ciliumModule  = module{name: "cilium", stubs: map[string]string{"mcs-api-controllers": "mcs-api-controllers"}}
	ciliumVersion = ciliumModule.version(ciliumPath)
)

// ciliumProgram has the tags of all its tools: only the operator has files
// that depend on ipam_provider_operator. Cilium wants its version, a commit,
// which the module does not know, and a time.
var ciliumProgram = program{
	module: ciliumModule, title: "Cilium", tags: "osusergo ipam_provider_operator", estimate: 650 * time.Second,
	ldflags: []string{
		"-X '" + ciliumPath + "/pkg/version.ciliumVersion=" + strings.TrimPrefix(ciliumVersion, "v") + " module 2026-09-15T20:03:11Z'",
	},
}

func ciliumImages() []image {
	return []image{
		{
			ref: "quay.io/cilium/cilium:" + ciliumVersion, bases: []string{"userland", "network-tools", "cilium-compiler"}, fill: fillCilium,
			config: v1.Config{
				Cmd: []string{"/usr/bin/cilium-dbg"}, WorkingDir: "/home/cilium",
				Env: []string{searchPath, "HUBBLE_SERVER=unix:///var/run/cilium/hubble.sock", "INITSYSTEM=SYSTEMD"},
			},
		},
		{
			ref: "quay.io/cilium/operator-generic:" + ciliumVersion, bases: []string{"static"},
			fill:   programs("cilium", map[string]string{"usr/bin/cilium-operator-generic": "operator"}),
			config: v1.Config{WorkingDir: "/", Cmd: []string{"/usr/bin/cilium-operator-generic"}},
		},
	}
}

// fillCilium puts the agent's programs and BPF sources where upstream's
// images/cilium/Dockerfile and Makefile do.
func fillCilium(ctx context.Context, w *work, t tree) error {
	err := programs("cilium", map[string]string{
		"usr/bin/cilium-agent":            "daemon",
		"usr/bin/cilium-dbg":              "cilium-dbg",
		"usr/bin/cilium-health":           "cilium-health",
		"usr/bin/cilium-health-responder": "responder",
		"usr/bin/cilium-mount":            "mount",
		"usr/bin/cilium-sysctlfix":        "sysctlfix",
		"opt/cni/bin/cilium-cni":          "cilium-cni",
	})(ctx, w, t)
	if err != nil {
		return err
	}
	if err := programs("cilium-clang", map[string]string{bpf.Compiler: "clang"})(ctx, w, t); err != nil {
		return err
	}
	if err := t.folder(bpf.Objects, w.path("cilium-objects", objectsFolder), root, nil); err != nil {
		return err
	}
	if err := t.program("cni/loopback", w.path("cni-plugins", "bin", "loopback")); err != nil {
		return err
	}
	source, err := ciliumModule.source(ctx, w, ciliumPath)
	if err != nil {
		return err
	}
	for _, script := range []string{
		"images/cilium/init-container.sh", "plugins/cilium-cni/install-plugin.sh", "plugins/cilium-cni/cni-uninstall.sh",
	} {
		if err := t.program(filepath.Base(script), filepath.Join(source, script)); err != nil {
			return err
		}
	}
	t.directory("home/cilium", 0o755)
	return bpfSources(t, source)
}

// bpfSources adds what the agent compiles, of Cilium's module in the folder source.
func bpfSources(t tree, source string) error {
	const library = "var/lib/cilium/bpf"
	if err := t.folder(library, filepath.Join(source, "bpf"), root, notCompiledByAgent); err != nil {
		return err
	}
	t.modes(library, 0o755, 0o644)
	return nil
}

// notCompiledByAgent tells which files of Cilium's bpf folder are there for
// tests.
func notCompiledByAgent(info fs.FileInfo) bool {
	switch info.Name() {
	case "tests", "test-progs", "complexity-tests":
		return info.IsDir()
	}
	return false
}
