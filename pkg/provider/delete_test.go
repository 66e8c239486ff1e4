package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// docker puts a docker command on the PATH, and returns the directory that holds it.
func docker(t *testing.T, script string) (state string) {
	t.Helper()
	state = t.TempDir()
	t.Setenv("STATE", state)
	t.Setenv("PATH", state+":"+os.Getenv("PATH"))
	program := "#!/bin/sh\ncd \"$STATE\" || exit 1\n" + script
	if err := os.WriteFile(filepath.Join(state, "docker"), []byte(program), 0o755); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	return state
}

// TestDeleteWaitsForStragglers has the second of two containers appear long
// after the first is gone.
func TestDeleteWaitsForStragglers(t *testing.T) {
	d := &dockerd{containers: []*box{labBox("lab-control-plane", "control-plane", "running")}, late: map[int]*box{12: labBox("lab-worker", "worker", "created")}}
	engine := d.engine(t)
	engine.interval = time.Millisecond
	came, err := engine.Cluster("lab").DeleteComing(t.Context(), 2)
	if err != nil || !slices.Equal(came, []string{"lab-control-plane", "lab-worker"}) {
		t.Errorf("removed %q, %v", came, err)
	}
	if want := []string{"remove lab-control-plane", "remove lab-worker"}; len(d.containers) > 0 || !slices.Equal(d.changes, want) {
		t.Errorf("%d containers are left after %q, want %q", len(d.containers), d.changes, want)
	}
}

// TestProvisionEndsWithKind interrupts kind in the middle. It goes on for a while, and
// has ended when Provision returns.
func TestProvisionEndsWithKind(t *testing.T) {
	state := docker(t, `case $1 in
info)
	touch creating
	until [ -e interrupted ] || [ ! -e "$STATE/docker" ]; do sleep 0.01; done
	sleep 0.1
	touch ended
	exit 1 ;;
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
	config := &v1alpha4.Cluster{Name: "lab"}
	v1alpha4.SetDefaultsCluster(config)
	d := &dockerd{containers: []*box{labBox("lab-control-plane", "control-plane", "running")}}
	engine := d.engine(t)
	if err := engine.Provision(ctx, config, DefaultNetwork); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want that of the context", err)
	}
	if _, err := os.Stat(filepath.Join(state, "ended")); err != nil {
		t.Error("Provision returned while kind was at work")
	}
	if err := engine.Cluster("lab").Delete(t.Context()); err != nil || len(d.containers) > 0 {
		t.Errorf("%d containers are left, %v", len(d.containers), err)
	}
}
