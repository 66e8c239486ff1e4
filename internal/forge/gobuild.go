package forge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// toolchain compiles everything: another Go would give other binaries. The
// go command fetches it as a module if it is another version itself.
const toolchain = "go1.26.8"

// program is a Go module compiled into bin/: one call of the go command
// builds all of its programs, so that they share one load of the package
// graph.
type program struct {
	module
	title    string
	target   string // the packages to build; "" is the module's tools
	tests    string // a package whose test program is built as well, or ""
	tags     string
	cgo      bool
	ldflags  []string
	estimate time.Duration // on two cores, beside another one, with an empty build cache
}

func (p program) component() component {
	return component{
		name: p.name, title: p.title, lane: compile, estimate: p.estimate,
		inputs: append(p.module.inputs(), p.recipe()...),
		build:  p.build,
	}
}

func (p program) recipe() [][]byte {
	inputs := [][]byte{[]byte(toolchain), []byte(strings.Join(p.environment(), "\n")), []byte(strings.Join(p.arguments(), "\n"))}
	if p.tests != "" {
		inputs = append(inputs, []byte(p.tests))
	}
	return inputs
}

// environment settles what a user's own settings could change.
func (p program) environment() []string {
	cgo := "0"
	if p.cgo {
		cgo = "1"
	}
	return []string{
		"CGO_ENABLED=" + cgo, "GOFLAGS=-trimpath -buildvcs=false", "GOWORK=off", "GOOS=linux", "GOARCH=" + architecture,
		"GOAMD64=v1", "GOEXPERIMENT=", "GOTOOLCHAIN=" + toolchain, "GONOSUMDB=" + p.unsummed,
	}
}

func (p program) arguments() []string {
	target := p.target
	if target == "" {
		target = "tool"
	}
	return []string{"-tags", p.tags, "-ldflags", strings.Join(append([]string{"-s", "-w"}, p.ldflags...), " "), target}
}

func (p program) build(ctx context.Context, w *work) error {
	folder := filepath.Join(w.dir, "src")
	if err := p.module.write(folder); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	env := append(p.environment(), "GOGC=400") // memory for time

	w.progress("resolving packages", 0, 0)
	list := append([]string{"list", "-deps"}, p.arguments()...)
	packages, err := w.output(ctx, command{name: "go", args: list, dir: folder, env: env})
	if err != nil {
		return err
	}
	total := int64(strings.Count(packages, "\n"))

	bin := filepath.Join(w.dir, "bin")
	args := append([]string{"build", "-v", "-o", bin + "/"}, p.arguments()...)
	err = w.run(ctx, command{
		name: "go", args: args, dir: folder, env: env,
		lines: func(r io.Reader) { countPackages(r, w, total) },
	})
	if err != nil || p.tests == "" {
		return err
	}
	w.progress("compiling the tests", 0, 0)
	test := p
	test.target = p.tests
	name := filepath.Join(bin, path.Base(p.tests)+".test")
	args = append([]string{"test", "-c", "-vet=off", "-o", name}, test.arguments()...)
	return w.run(ctx, command{name: "go", args: args, dir: folder, env: env})
}

// countPackages reports each package that `go build -v` names.
func countPackages(r io.Reader, w *work, total int64) {
	scanner := bufio.NewScanner(r)
	for n := int64(1); scanner.Scan(); n++ {
		w.progress(scanner.Text(), min(n, total), total)
	}
}

// source returns the folder of a module that m requires, downloaded and
// checked against m's hashes.
func (m module) source(ctx context.Context, w *work, path string) (string, error) {
	folder, err := os.MkdirTemp(w.dir, "src")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	if err := m.write(folder); err != nil {
		return "", err
	}
	env := []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=" + toolchain, "GONOSUMDB=" + m.unsummed}
	if _, err := w.output(ctx, command{name: "go", args: []string{"mod", "download", path}, dir: folder, env: env}); err != nil {
		return "", err
	}
	dir, err := w.output(ctx, command{name: "go", args: []string{"list", "-m", "-f", "{{.Dir}}", path}, dir: folder, env: env})
	if err != nil {
		return "", fmt.Errorf("find the source of %s: %w", path, err)
	}
	return strings.TrimSpace(dir), nil
}
