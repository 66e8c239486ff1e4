package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/event"
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

func (p *Provider) deleteLab(t *testing.T, state string) {
	t.Helper()
	p.settle = time.Millisecond
	if err := p.Delete(t.Context(), "lab", filepath.Join(state, "kubeconfig"), true); err != nil {
		t.Fatal(err)
	}
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
	p := New(event.Discard)
	p.expected = 2
	p.deleteLab(t, state)
	removals, err := os.ReadFile(filepath.Join(state, "removals"))
	if want := "rm -f -v lab-control-plane\nrm -f -v lab-worker\n"; err != nil || string(removals) != want {
		t.Errorf("removed %q, %v; want %q", removals, err, want)
	}
}

// TestDeleteWaitsForCreationGivenUp interrupts kind in the middle. It goes on
// for a while and makes a container, which must not survive.
func TestDeleteWaitsForCreationGivenUp(t *testing.T) {
	state := docker(t, `case $1 in
info)
	touch creating
	until [ -e looked-often ] || [ ! -e "$STATE/docker" ]; do sleep 0.01; done
	echo lab-control-plane >>containers
	exit 1 ;;
ps)
	[ -e creating ] && echo look >>looks
	[ "$(grep -c . looks)" -ge 9 ] && touch looked-often
	cat containers ;;
rm)
	: >containers ;;
esac`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(0, func() {
		for {
			if _, err := os.Stat(filepath.Join(state, "creating")); err == nil || t.Context().Err() != nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	p := New(event.Discard)
	config := &v1alpha4.Cluster{Name: "lab"}
	v1alpha4.SetDefaultsCluster(config)
	err := p.Create(ctx, config, filepath.Join(state, "private"), event.Start(event.Discard, event.Event{}))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want that of the context", err)
	}
	p.deleteLab(t, state)
	if _, err := os.Stat(filepath.Join(state, "looked-often")); err != nil {
		t.Error("Delete returned before the creation ended")
	}
}
