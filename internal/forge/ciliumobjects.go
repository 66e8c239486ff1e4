package forge

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/internal/forge/bpf"
)

var (
	clangProgram = program{
		module: module{name: "cilium-clang", own: bpf.Clang()},
		title:  "Clang's stand-in for Cilium", target: bpf.ClangPackage, estimate: 5 * time.Second,
	}
	// precompiler is compiled with the tags of ciliumProgram and after it, so that
	// all that it takes is to link it.
	precompiler = program{
		module: module{name: "cilium-precompile", own: withPrecompile(ciliumModule.files())},
		title:  "Cilium's agent, to precompile", tags: ciliumProgram.tags, target: bpf.PrecompilePackage, estimate: 20 * time.Second,
	}
)

func withPrecompile(files map[string][]byte) map[string][]byte {
	files[path.Join(bpf.PrecompilePackage, "main.go")] = bpf.Precompile
	return files
}

// objectsFolder is where ciliumObjects has its result.
const objectsFolder = "objects"

// compilerLayers are the file systems of the agent's image, uppermost first.
var compilerLayers = []string{"cilium-compiler", "network-tools", "userland"}

// ciliumObjects are the BPF programs for what kindctl gives Cilium's agents.
func ciliumObjects() component {
	given, err := json.Marshal(bpf.Settings())
	if err != nil {
		panic(err) // maps of strings
	}
	return component{
		name: "cilium-objects", title: "BPF programs of Cilium", lane: assemble, estimate: 15 * time.Second,
		needs:  append([]string{clangProgram.name, precompiler.name}, compilerLayers...),
		inputs: [][]byte{source("ciliumobjects.go", "cilium.go"), layerCode, given},
		build:  buildObjects,
	}
}

// compileObjects runs an agent for each folder of settings in a root like that of
// its image, because paths are part of an object, and away from the networks and
// mounts of this host.
const compileObjects = `
mkdir upper work root
tar -x -f upper.tar -C upper
mount -t overlay overlay -o lowerdir=cilium-compiler:network-tools:userland,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --rbind /dev root/dev
for kind in root/settings/*; do
	chroot root /precompile --config-dir "${kind#root}"
done
`

func buildObjects(ctx context.Context, w *work) error {
	scratch := filepath.Join(w.dir, "scratch")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, layer := range compilerLayers {
		if err := os.Symlink(w.path(layer, rootFolder), filepath.Join(scratch, layer)); err != nil {
			return err
		}
	}
	upper, err := objectsRoot(ctx, w)
	if err != nil {
		return err
	}
	if err := upper.store(filepath.Join(scratch, "upper.tar")); err != nil {
		return err
	}
	err = w.run(ctx, command{
		name: "unshare", args: []string{"--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-ec", compileObjects},
		dir: scratch, env: []string{"KINDCTL_PRECOMPILE=1", searchPath},
	})
	if err != nil {
		return err
	}
	return os.Rename(filepath.Join(scratch, "upper", bpf.Objects), filepath.Join(w.dir, objectsFolder))
}

// objectsRoot is what lies over the compiler's layers: Cilium's sources, where
// objects go, and the programs and settings that make them.
func objectsRoot(ctx context.Context, w *work) (tree, error) {
	t := tree{}
	for _, folder := range []string{"proc", "sys", "dev", bpf.Objects} {
		t.directory(folder, 0o755)
	}
	for kind, files := range bpf.Settings() {
		for name, value := range files {
			t.text(path.Join("settings", kind, name), 0o644, value)
		}
	}
	source, err := ciliumModule.source(ctx, w, ciliumPath)
	if err != nil {
		return nil, err
	}
	return t, errors.Join(
		bpfSources(t, source),
		t.program("precompile", w.path(precompiler.name, "bin", "precompile")),
		t.program(bpf.Compiler, w.path(clangProgram.name, "bin", "clang")),
	)
}
