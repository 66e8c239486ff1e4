package provider

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// TestDeleteWaitsForStragglers has the second of two containers appear long
// after the first is gone.
func TestDeleteWaitsForStragglers(t *testing.T) {
	d := &dockerd{containers: []*box{labBox("lab-control-plane", "control-plane", "running")}, late: map[int]*box{12: labBox("lab-worker", "worker", "created")}}
	engine := d.engine(t)
	engine.interval = time.Millisecond
	came, err := engine.Cluster("lab").DeletePending(t.Context(), 2)
	if err != nil || !slices.Equal(came, []string{"lab-control-plane", "lab-worker"}) {
		t.Errorf("removed %q, %v", came, err)
	}
	if want := []string{"remove lab-control-plane", "remove lab-worker"}; len(d.containers) > 0 || !slices.Equal(d.changes, want) {
		t.Errorf("%d containers are left after %q, want %q", len(d.containers), d.changes, want)
	}
}

func TestDropVolumes(t *testing.T) {
	for name, test := range map[string]struct {
		volumes map[string]int // and how often each is still in use
		reason  string
		left    []string
	}{
		"all went with their containers": {nil, "", nil},
		"one is left":                    {map[string]int{"a": 0, "other": 0}, "", []string{"other"}},
		"one is in use for a moment":     {map[string]int{"a": 1, "b": 0}, "", nil},
		"one stays in use":               {map[string]int{"a": 1 << 20, "b": 0}, "VOLUMES_LEFT", []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			docker := &dockerd{volumes: test.volumes}
			err := docker.engine(t).removeVolumes(t.Context(), []string{"a", "b"}, 700*time.Millisecond)
			if hint.ReasonOf(err) != test.reason ||
				err != nil &&
					(!strings.Contains(err.Error(), "a (") || strings.Contains(err.Error(), "b (") || !strings.Contains(hint.AdviceOf(err), "docker volume rm a")) {
				t.Errorf("the error is %v, want %q", err, test.reason)
			}
			var left []string
			for name := range docker.volumes {
				left = append(left, name)
			}
			if !slices.Equal(left, test.left) {
				t.Errorf("left are %v, want %v", left, test.left)
			}
		})
	}
}
