package forge

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// addKindFiles puts the files of kind's base image where its definition,
// images/base/Dockerfile of the kind module, does.
func addKindFiles(ctx context.Context, w *work, t tree, r release) error {
	source, err := kindModule.source(ctx, w, "sigs.k8s.io/kind")
	if err != nil {
		return err
	}
	files := tree{}
	if err := files.folder("", filepath.Join(source, "images/base/files"), root, nil); err != nil {
		return err
	}
	for name, e := range files {
		e.header.Mode = 0o644
		if e.header.Typeflag == tar.TypeDir || strings.HasPrefix(name, "usr/local/bin/") || strings.HasPrefix(name, "kind/bin/") {
			e.header.Mode = 0o755
		}
		t[name] = e
	}
	if err := quickHook(files["kind/bin/mount-product-files.sh"]); err != nil {
		return err
	}

	const units = "etc/systemd/system/"
	for _, unit := range []string{"kubelet.service", "containerd.service", "undo-mount-hacks.service"} {
		t.symlink(units+"multi-user.target.wants/"+unit, "/"+units+unit)
	}
	// It would register with the kernel's binfmt_misc, which all containers share.
	t.symlink(units+"systemd-binfmt.service", "/dev/null")
	t.text("etc/systemd/journald.conf.d/10-kind.conf", 0o644, "[Journal]\nReadKMsg=no\n")
	t.directory("etc/kubernetes/manifests", 0o755)

	t.text(units+"containerd.service.d/10-kindctl.conf", 0o644, "[Service]\nExecStartPre=/kind/bin/adapt-containerd.sh\n")
	t.text("kind/bin/adapt-containerd.sh", 0o755, adaptContainerd)

	storage, err := kindConstant(source, "pkg/build/nodeimage/const_storage.go", "defaultStorageManifest")
	if err != nil {
		return err
	}
	t.text("kind/manifests/default-storage.yaml", 0o644, storage)
	t.text("kind/version", 0o644, r.version())
	return addRuntimeSpec(ctx, w, t)
}

// quickHook has the hook that kind puts before every container find the container's
// bundle with the shell alone: jq takes longer to start than all else that it does.
func quickHook(hook *entry) error {
	const (
		slow  = "bundle=$(jq -r .bundle)\n"
		quick = "IFS= read -r -d '' state || true # it has no end but that of the input\n" +
			`[[ $state =~ \"bundle\":\ *\"([^\"]+)\" ]]` + "\nbundle=${BASH_REMATCH[1]}\n"
	)
	if hook == nil {
		return errors.New("kind's base image has no mount-product-files.sh")
	}
	script, err := os.ReadFile(hook.path)
	if err != nil {
		return err
	}
	if bytes.Count(script, []byte(slow)) != 1 {
		return fmt.Errorf("%s finds the bundle of a container in another way than %q", hook.path, slow)
	}
	hook.data, hook.path = bytes.Replace(script, []byte(slow), []byte(quick), 1), ""
	hook.header.Size = int64(len(hook.data))
	return nil
}

// adaptContainerd runs before containerd starts: a host may keep
// CAP_SYS_RESOURCE (24) from all of its processes, and nobody without it may
// lower an OOM score.
const adaptContainerd = `#!/bin/bash
set -o errexit -o nounset
while read -r field value; do
	[[ "$field" == CapBnd: ]] && bounding=$value
done </proc/self/status
if (( (0x$bounding >> 24 & 1) == 0 )); then
	sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' /etc/containerd/config.toml
fi
`

// addRuntimeSpec adds what containerd starts each container from: its own
// default with kind's hook, and without limits of resources.
func addRuntimeSpec(ctx context.Context, w *work, t tree) error {
	output, err := w.output(ctx, command{name: w.path("containerd", "bin", "ctr"), args: []string{"oci", "spec"}})
	if err != nil {
		return err
	}
	var spec struct {
		Version  string         `json:"ociVersion"`
		Process  map[string]any `json:"process"`
		Root     any            `json:"root"`
		Hostname string         `json:"hostname,omitempty"`
		Mounts   any            `json:"mounts"`
		Hooks    map[string]any `json:"hooks"`
		Linux    any            `json:"linux"`
	}
	if err := json.Unmarshal([]byte(output), &spec); err != nil {
		return fmt.Errorf("read the output of ctr oci spec: %w", err)
	}
	delete(spec.Process, "rlimits")
	spec.Hooks = map[string]any{"createContainer": []any{map[string]string{"path": "/kind/bin/mount-product-files.sh"}}}
	data, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	t.text("etc/containerd/cri-base.json", 0o644, string(data)+"\n")
	return nil
}

// kindConstant evaluates a string constant in a file of kind that imports nothing.
func kindConstant(source, file, name string) (string, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, filepath.Join(source, file), nil, 0)
	if err != nil {
		return "", err
	}
	pkg, err := (&types.Config{}).Check("nodeimage", set, []*ast.File{parsed}, nil)
	if err != nil {
		return "", err
	}
	found, ok := pkg.Scope().Lookup(name).(*types.Const)
	if !ok || found.Val().Kind() != constant.String {
		return "", fmt.Errorf("%s of kind has no string constant %s", file, name)
	}
	return constant.StringVal(found.Val()), nil
}
