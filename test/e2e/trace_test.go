//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"
)

// timeline is what --trace wrote.
type timeline struct {
	OtherData   struct{ Started time.Time }
	TraceEvents []struct {
		PH, Cat, Name string
		TS, Dur       float64 // microseconds
		Args          struct{ ID, Node, Outcome string }
	}
}

// traced holds a timeline against what kubectl and Docker say of a cluster that
// was just made: when nodes became ready, and when containers were started.
func (s *session) traced(cluster, file string) {
	s.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	var told timeline
	if err := json.Unmarshal(data, &told); err != nil {
		s.Fatal(err)
	}
	seen := map[string]int{}
	for _, event := range told.TraceEvents {
		if event.PH != "X" {
			continue
		}
		span := event.Args
		if span.Outcome != "done" && event.Cat != "check" && event.Cat != "phase" {
			s.Errorf("%s %s of %s is %s in a cluster that is up", event.Cat, span.ID, span.Node, span.Outcome)
		}
		if event.Cat != "node" {
			seen[event.Cat+" "+span.ID]++
			continue
		}
		seen["node "+span.ID]++
		var want string
		after := func(microseconds float64) time.Time {
			return told.OtherData.Started.Add(time.Duration(microseconds * float64(time.Microsecond)))
		}
		at := after(event.TS)
		switch span.ID {
		case "container":
			want = s.Output("docker", "inspect", "--format", "{{.State.StartedAt}}", span.Node)
		case "ready":
			want = s.Kubectl(cluster, "get", "node", span.Node, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].lastTransitionTime}`)
			at = after(event.TS + event.Dur)
		default:
			continue
		}
		when, err := time.Parse(time.RFC3339Nano, want)
		if err != nil {
			s.Fatalf("%s of %s: %v", span.ID, span.Node, err)
		}
		if off := at.Sub(when).Abs(); off > 2*time.Second {
			s.Errorf("%s of %s is at %v in the timeline, at %v by kubectl or Docker", span.ID, span.Node, at, when)
		}
	}
	for _, stage := range []string{"container", "systemd", "containerd", "kubelet", "ready"} {
		if seen["node "+stage] != 3 {
			s.Errorf("the timeline has %d spans %q of nodes, want 3", seen["node "+stage], stage)
		}
	}
	for _, wanted := range []string{"phase create", "step joining-worker-nodes", "cluster etcd", "cluster api", "cluster cni-started", "cluster cni-ready", "cluster coredns", "check net.pods"} {
		if seen[wanted] != 1 {
			s.Errorf("the timeline has %d spans %q, want 1", seen[wanted], wanted)
		}
	}
	page, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".html")
	if err != nil {
		s.Fatal(err)
	}
	if !slices.Contains(strings.Split(string(page), "\n"), "</html>") || !strings.Contains(string(page), "calico-node") {
		s.Errorf("the chart is cut off or lacks the CNI:\n%.500s", page)
	}
}
