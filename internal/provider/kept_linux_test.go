package provider

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// breaking stands for programs that move and remove files. The call of a number ends when it has
// worked on one file, and the process with it.
const breaking = `#!/bin/sh
calls=$(($(cat "$CALLS") + 1))
echo $calls >"$CALLS"
if test $calls -gt "$LAST"; then exit 1; fi
program=/bin/${0##*/}
if test $calls -lt "$LAST"; then exec $program "$@"; fi
case "$1" in
-t) $program -t "$2" "$3" ;;
-*) $program "$1" "$2" ;;
*) $program "$@" ;;
esac
exit 1
`

// volumeOf makes a volume with old data, and programs that break at a call.
func volumeOf(t *testing.T) (dir string, run func(script string, last int) error) {
	t.Helper()
	dir, programs := t.TempDir(), t.TempDir()
	for _, name := range []string{"mv", "rm", "rmdir", "mkdir"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte(breaking), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	for _, name := range []string{"lib", "log", "a file", ".hidden"} {
		put(t, filepath.Join(dir, name, "content"), "old")
	}
	calls := filepath.Join(programs, "calls")
	return dir, func(script string, last int) error {
		put(t, calls, "0")
		command := exec.Command("sh", "-c", script, "sh", dir)
		command.Env = []string{"PATH=" + programs + ":" + os.Getenv("PATH"), "CALLS=" + calls, "LAST=" + strconv.Itoa(last)}
		out, err := command.CombinedOutput()
		if err != nil && last == never {
			t.Errorf("%v: %s", err, out)
		}
		return err
	}
}

const never = 1000

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unpackNew does what UnpackVolume does.
func unpackNew(t *testing.T, dir string) {
	t.Helper()
	incoming := filepath.Join(dir, filepath.Base(incoming))
	if err := os.RemoveAll(incoming); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lib", "cache", ".other"} {
		put(t, filepath.Join(incoming, name, "content"), "new")
	}
}

// holds wants a volume with directories of these names whose files have this content, beside
// what a reset keeps.
func holds(t *testing.T, dir, content string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), keptPrefix) {
			continue
		}
		found = append(found, entry.Name())
		if file, err := os.ReadFile(filepath.Join(dir, entry.Name(), "content")); err != nil || !bytes.Equal(file, []byte(content)) {
			t.Errorf("%s holds %q, %v, want %q", entry.Name(), file, err, content)
		}
	}
	if slices.Sort(names); !slices.Equal(found, names) {
		t.Errorf("the volume holds %v, want %v", found, names)
	}
}

func holdsOld(t *testing.T, dir string) {
	t.Helper()
	holds(t, dir, "old", "lib", "log", "a file", ".hidden")
}

func holdsNew(t *testing.T, dir string) {
	t.Helper()
	holds(t, dir, "new", "lib", "cache", ".other")
}

// TestVolumesSurviveAKill ends each script at each of its steps, and wants the same reset to
// replace the data, and a failed one to bring the old data back.
func TestVolumesSurviveAKill(t *testing.T) {
	for last := 1; ; last++ {
		dir, run := volumeOf(t)
		unpackNew(t, dir)
		replaced := run(replaceVolume, last) == nil
		_ = run(returnVolume, never)
		holdsOld(t, dir)
		if replaced {
			if last < 6 {
				t.Errorf("the script ended well after %d steps", last)
			}
			break
		}
		unpackNew(t, dir)
		for _, script := range []string{replaceVolume, returnVolume} { // killed again, early and late
			for _, again := range []int{2, last} {
				unpackNew(t, dir)
				_ = run(script, again)
			}
		}
		unpackNew(t, dir)
		_ = run(replaceVolume, never)
		holdsNew(t, dir)
		_ = run(returnVolume, never)
		holdsOld(t, dir)
		if t.Failed() {
			t.Fatalf("after a kill in step %d", last)
		}
	}
}

func TestDropLeavesOnlyTheData(t *testing.T) {
	dir, run := volumeOf(t)
	unpackNew(t, dir)
	_ = run(replaceVolume, never)
	unpackNew(t, dir)
	_ = run(dropKept, never)
	holdsNew(t, dir)
	if left, err := filepath.Glob(filepath.Join(dir, keptPrefix+"*")); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
