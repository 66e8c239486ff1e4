package debian

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/event"
)

// Build writes the root tree of s to dir, which is made if need be and must
// be empty. If s extends another Spec, dir gets only the difference. It sends
// progress to sink; the caller starts and ends the component.
func Build(ctx context.Context, s Spec, dir string, sink event.Sink) error {
	work, err := os.MkdirTemp("", "kindctl-debian-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	report := func(message string, completed, total int) {
		sink.Emit(event.Event{Kind: event.Progress, Scope: event.Component, ID: s.Name,
			Message: message, Completed: int64(completed), Total: int64(total)})
	}

	report("reading the package lists", 0, 0)
	apt, err := newApt(ctx, filepath.Join(work, "apt"), s.Suite)
	if err != nil {
		return err
	}
	packages, base, err := resolve(ctx, apt, s)
	if err != nil {
		return err
	}
	report(fmt.Sprintf("downloading %d packages", len(packages)), 0, len(packages))
	debs, err := apt.fetch(ctx, s.closure())
	if err != nil {
		return err
	}
	unpackAll := func(root *os.Root, files []string, s Spec) error {
		for i, file := range files {
			report("unpacking "+packageName(file), i, len(files))
			if err := unpack(ctx, filepath.Join(debs, file), root, newTrimmer(s)); err != nil {
				return fmt.Errorf("unpacking %s: %w", file, err)
			}
		}
		return nil
	}

	tree, err := newTree(dir)
	if err != nil {
		return err
	}
	defer tree.Close()
	if err := errors.Join(unpackAll(tree, packages, s), configure(tree, s), record(tree, s, packages)); err != nil {
		return err
	}
	if s.Extends == nil {
		return checkLibraries(tree.FS(), nil)
	}
	under, err := newTree(filepath.Join(work, "base"))
	if err != nil {
		return err
	}
	defer under.Close()
	if err := unpackAll(under, base, s.Extends.closure()); err != nil {
		return err
	}
	return checkLibraries(tree.FS(), under.FS())
}

// resolve returns the package files of s itself, and those of what it extends.
func resolve(ctx context.Context, apt *apt, s Spec) (own, base []string, err error) {
	if s.Extends != nil {
		if base, err = apt.resolve(ctx, s.Extends.closure()); err != nil {
			return nil, nil, err
		}
	}
	all, err := apt.resolve(ctx, s.closure())
	own = slices.DeleteFunc(all, func(file string) bool { return slices.Contains(base, file) })
	return own, base, err
}

func newTree(dir string) (*os.Root, error) {
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty", dir)
	}
	if err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// record writes which packages the tree was made of, one "name version" per
// line, to usr/share/kindctl/packages/NAME.
func record(tree *os.Root, s Spec, packages []string) error {
	lines := make([]string, 0, len(packages))
	for _, file := range packages {
		lines = append(lines, packageName(file)+" "+packageVersion(file)+"\n")
	}
	slices.Sort(lines)
	return writeText(tree, "usr/share/kindctl/packages/"+s.Name, []byte(strings.Join(lines, "")))
}

func packageName(file string) string {
	name, _, _ := strings.Cut(file, "_")
	return name
}

func packageVersion(file string) string {
	fields := strings.Split(file, "_")
	if len(fields) < 2 {
		return ""
	}
	version, err := url.PathUnescape(fields[1]) // apt writes an epoch's colon as %3a
	if err != nil {
		return fields[1]
	}
	return version
}
