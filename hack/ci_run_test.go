package hack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCIRun runs a copy of .ci/run in a folder of its own, where make, docker and
// apt-get are stubs. One cluster of the tests is there before, and another one
// once the tests have begun.
func TestCIRun(t *testing.T) {
	const removes = "docker rm -f -v made\n"
	tests := []struct {
		name, make string
		code       int
		removed    string
	}{
		{"green", `[ "$2" != test ] || touch made`, 0, removes},
		{"the tests fail", `[ "$2" != test ] || { touch made; exit 2; }`, 2, removes},
		{"lint fails, and no test begins", `[ "$2" != lint ] || { touch made; exit 1; }`, 1, ""},
		{"ended in the tests", `[ "$2" != test ] || { touch made; kill -TERM "$RUN"; sleep 60; }`, 143, removes},
		{"interrupted in the tests", `[ "$2" != test ] || { touch made; kill -INT "$RUN"; sleep 60; }`, 130, removes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script, err := os.ReadFile(filepath.Join("..", ".ci", "run"))
			if err != nil {
				t.Fatal(err)
			}
			put := func(name, content string) {
				t.Helper()
				name = filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(content), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			put(".ci/run", string(script))
			put("bin/make", "#!/usr/bin/env bash\n"+tt.make+"\n")
			put("bin/apt-get", "#!/bin/sh\n")
			put("bin/docker", `#!/usr/bin/env bash
case $1 in
ps) echo e2e-others others; echo lab mine; if [ -e made ]; then echo e2e-a made; fi ;;
*) echo docker "$@" >>calls ;;
esac
`)
			// exec keeps the process, so that the stub of make knows whom to signal.
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-c", `RUN=$$ exec "$0"`, filepath.Join(dir, ".ci", "run"))
			cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
			output, err := cmd.CombinedOutput()
			if err != nil && !errors.As(err, new(*exec.ExitError)) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, output)
			}
			removed, err := os.ReadFile(filepath.Join(dir, "calls"))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if string(removed) != tt.removed {
				t.Errorf("it called %q, want %q\n%s", removed, tt.removed, output)
			}
			if tt.code < 128 && !strings.Contains(string(output), " s, exit code") {
				t.Errorf("it does not say how long its sections took:\n%s", output)
			}
		})
	}
}
