package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/cli/testdata/kindnet"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kindctl": func() { os.Exit(Main(context.Background(), os.Args, os.Stdout, os.Stderr)) },
		"kindctl-with-kindnet": func() {
			addons.Register(kindnet.CNI)
			os.Exit(Main(context.Background(), os.Args, os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs kindctl as a user would, on a host where Docker does not
// answer, so that whatever gets past a check of its input fails visibly.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(env.WorkDir, "no-docker.sock"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GOPROXY", "file://"+filepath.ToSlash(filepath.Join(env.WorkDir, "proxy")))
			env.Setenv("KUBECONFIG", filepath.Join(env.WorkDir, "kubeconfig"))
			return offerModules(filepath.Join(env.WorkDir, "proxy"))
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "ci":
				return inCI(), nil
			case "packed": // charts are part of this binary
				where, _, err := charts.Library{}.Locate(context.Background(), charts.Cilium)
				return err == nil && where == "this binary", nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "engine": fakeEngine},
	})
}

// offerModules makes a folder a module proxy that has the modules of charts,
// as long as only their presence counts.
func offerModules(dir string) error {
	for _, bundle := range charts.All {
		file := filepath.Join(dir, filepath.FromSlash(bundle.Module.Path), "@v", bundle.Module.Version+".zip")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// inCI reports whether nothing may be left out because a program is missing.
func inCI() bool {
	on, err := strconv.ParseBool(os.Getenv("CI"))
	return on && err == nil
}

// needs skips a test where a program is not installed. In CI it fails instead.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		switch _, err := exec.LookPath(program); {
		case err != nil && inCI():
			t.Fatalf("%s is not installed, and with CI=true no test is left out", program)
		case err != nil:
			t.Skip(program + " is not installed")
		}
	}
}

// exits runs a command and wants an exit code: exits 2 kindctl up --cni x.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	// testscript says only whether a command failed, so the shell prints the code.
	script := `code=$1; shift; "$@"; got=$?; [ "$got" = "$code" ] || { echo "exit code $got, want $code" >&2; exit 1; }`
	ts.Check(ts.Exec("sh", append([]string{"-c", script, "sh"}, args...)...))
}
