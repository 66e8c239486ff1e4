package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// docker puts a docker command on the PATH whose containers are the lines of a
// file, and returns the directory that holds it.
func docker(t *testing.T, script string) (state string) {
	t.Helper()
	state = t.TempDir()
	t.Setenv("STATE", state)
	t.Setenv("PATH", state+":"+os.Getenv("PATH"))
	program := "#!/bin/sh\ncd \"$STATE\" || exit 1\ntouch containers\n" + script
	if err := os.WriteFile(filepath.Join(state, "docker"), []byte(program), 0o755); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	return state
}

func nothingLeft(t *testing.T, state string) {
	t.Helper()
	left, err := os.ReadFile(filepath.Join(state, "containers"))
	if err != nil || strings.TrimSpace(string(left)) != "" {
		t.Errorf("containers are left: %q, %v", left, err)
	}
}

// TestDeleteWaitsForStragglers has the second of two containers appear long
// after the first is gone.
func TestDeleteWaitsForStragglers(t *testing.T) {
	state := docker(t, `case $1 in
ps)
	echo look >>looks
	[ "$(grep -c . looks)" = 12 ] && echo lab-worker >>containers
	cat containers ;;
rm)
	echo "$@" >>removals
	: >containers ;;
esac`)
	if err := os.WriteFile(filepath.Join(state, "containers"), []byte("lab-control-plane\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newDocker(nil)
	p.interval = time.Millisecond
	came, err := p.DeleteComing(t.Context(), "lab", 2)
	if err != nil || !slices.Equal(came, []string{"lab-control-plane", "lab-worker"}) {
		t.Errorf("removed %q, %v", came, err)
	}
	nothingLeft(t, state)
	removals, err := os.ReadFile(filepath.Join(state, "removals"))
	if want := "rm -f -v lab-control-plane\nrm -f -v lab-worker\n"; err != nil || string(removals) != want {
		t.Errorf("removed %q, %v; want %q", removals, err, want)
	}
}

// TestProvisionEndsWithKind interrupts kind in the middle. It goes on for a while and
// makes a container, which Delete must see.
func TestProvisionEndsWithKind(t *testing.T) {
	state := docker(t, `case $1 in
info)
	touch creating
	until [ -e interrupted ] || [ ! -e "$STATE/docker" ]; do sleep 0.01; done
	sleep 0.1
	echo lab-control-plane >>containers
	exit 1 ;;
ps)
	cat containers ;;
rm)
	: >containers ;;
esac`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(0, func() {
		for {
			if _, err := os.Stat(filepath.Join(state, "creating")); err == nil || t.Context().Err() != nil {
				cancel()
				_ = os.WriteFile(filepath.Join(state, "interrupted"), nil, 0o600)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	p := newDocker(nil)
	config := &v1alpha4.Cluster{Name: "lab"}
	v1alpha4.SetDefaultsCluster(config)
	engine := (&dockerd{containers: []*box{{name: "lab-control-plane", cluster: "lab", state: "running"}}}).engine(t)
	if err := engine.Provision(ctx, config, DefaultNetwork); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want that of the context", err)
	}
	if err := p.Delete(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(state, "interrupted")); err != nil {
		t.Error("Provision returned before it was interrupted")
	}
	nothingLeft(t, state)
}
