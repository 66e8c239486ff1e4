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
	Started time.Time
	Spans   []struct {
		Lane, ID, Title, Node, Stage, Outcome string
		Start                                 time.Duration `json:"startNanoseconds"`
		End                                   time.Duration `json:"endNanoseconds"`
		StartCoarse, EndCoarse                bool
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
	for _, span := range told.Spans {
		if span.Outcome != "done" && span.Lane != "check" && span.Lane != "phase" {
			s.Errorf("%s %s of %s is %s in a cluster that is up", span.Lane, span.ID, span.Node, span.Outcome)
		}
		if span.Lane != "node" {
			seen[span.Lane+" "+span.ID]++
			continue
		}
		seen["node "+span.ID]++
		var want string
		at := told.Started.Add(span.Start)
		switch span.ID {
		case "container":
			want = s.output("docker", "inspect", "--format", "{{.State.StartedAt}}", span.Node)
		case "ready":
			want = s.kubectl(cluster, "get", "node", span.Node, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].lastTransitionTime}`)
			at = told.Started.Add(span.End)
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
