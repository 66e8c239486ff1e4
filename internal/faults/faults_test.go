package faults

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/verify"
)

// leastIncidents is what a teacher can count on.
const leastIncidents = 40

func TestIncidentsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range All() {
		if f.ID == "" || seen[f.ID] || f.Check == "" || f.What == "" || f.inject == nil {
			t.Errorf("%q lacks an ID of its own, a check, words or an injection", f.ID)
		}
		seen[f.ID] = true
		if f.heal == nil && (f.Story == nil || !f.Story.Shop) {
			t.Errorf("%s has nothing that heals it", f.ID)
		}
		if f.Story == nil {
			continue
		}
		for name, text := range map[string]string{"symptom": f.Story.Symptom, "look": f.Story.Look, "lesson": f.Story.Lesson, "repair": f.Story.Repair} {
			if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") || strings.Contains(text, "\n") {
				t.Errorf("%s: its %s is not a paragraph: %q", f.ID, name, text)
			}
		}
		if strings.Contains(f.Story.Symptom+f.Story.Look, f.ID) {
			t.Errorf("%s: its hints give it away", f.ID)
		}
	}
	if got := len(Incidents()); got < leastIncidents {
		t.Errorf("there are %d incidents, want %d", got, leastIncidents)
	}
}

func TestNeeds(t *testing.T) {
	lab := verify.Expectation{ControlPlanes: 1, Workers: 1, CNI: "calico", ProxyMode: "iptables", IPFamily: "ipv4"}
	ha, external, six := lab, lab, lab
	ha.ControlPlanes, external.ExternalEtcd, six.IPFamily = 3, true, "ipv6"
	asked := lab
	asked.Requested = []verify.Requested{{Component: "kube-scheduler", Setting: "--v", Value: "1"}}
	for name, tt := range map[string]struct {
		needs  Needs
		expect verify.Expectation
		want   string
	}{
		"none":              {Needs{}, verify.Expectation{}, ""},
		"CNI":               {Needs{CNI: "cilium"}, lab, "the CNI cilium"},
		"mode":              {Needs{ProxyModes: hasProxy}, lab, ""},
		"other mode":        {Needs{ProxyModes: []string{"none"}}, lab, "proxy mode none"},
		"workers":           {Needs{Workers: 2}, lab, "2 workers"},
		"control planes":    {single, ha, "a single control plane"},
		"etcd":              {Needs{LocalEtcd: true}, external, "etcd on the control plane"},
		"family":            {Needs{IPv4: true}, six, "IPv4"},
		"policies":          {Needs{Policies: true}, verify.Expectation{CNI: verify.NoCNI}, "a CNI that enforces NetworkPolicies"},
		"verbosity":         {Needs{SchedulerVerbosity: true}, asked, ""},
		"without verbosity": {Needs{SchedulerVerbosity: true}, lab, "a configuration that sets --v=1 of the scheduler"},
		"several":           {Needs{CNI: "cilium", Workers: 2}, lab, "the CNI cilium, 2 workers"},
	} {
		if got := tt.needs.Unmet(tt.expect); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// node is one whose scripts are recorded, and answered by their beginning.
type node struct {
	scripts []string
	answers map[string]string
}

func (n *node) run(_ context.Context, name, input, script string) (string, error) {
	n.scripts = append(n.scripts, name+": "+script+"<"+input)
	for begin, answer := range n.answers {
		if strings.HasPrefix(script, begin) {
			return answer, nil
		}
	}
	return "", nil
}

// TestUndoIsReadBefore wants what heals a fault to be known before anything is changed, and
// to be enough for another process.
func TestUndoIsReadBefore(t *testing.T) {
	n := &node{answers: map[string]string{kubectl + " get -n x configmap y": "a: one\n", "sed -E": "a: two\n"}}
	c := NewCluster(verify.Expectation{}, "lab-control-plane", nil, n.run)
	f := Fault{ID: "x", action: edited("-n x configmap y", "s/one/two/", "")}
	undo, err := f.Look(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range n.scripts {
		if strings.Contains(script, "apply") {
			t.Errorf("looking changes something: %s", script)
		}
	}
	n.scripts = nil
	another := NewCluster(verify.Expectation{}, "lab-control-plane", nil, n.run)
	if err := f.Heal(t.Context(), another, undo); err != nil {
		t.Fatal(err)
	}
	if len(n.scripts) != 1 || !strings.HasSuffix(n.scripts[0], "<a: one") && !strings.HasSuffix(n.scripts[0], "<a: one\n") {
		t.Errorf("healing runs %q, want the old object applied", n.scripts)
	}
}

func TestNothingToChangeIsAnError(t *testing.T) {
	n := &node{answers: map[string]string{kubectl + " get": "a: one\n", "sed -E": "a: one\n"}}
	f := Fault{ID: "x", action: edited("configmap y", "s/two/three/", "")}
	if _, err := f.Look(t.Context(), NewCluster(verify.Expectation{}, "cp", nil, n.run)); err == nil {
		t.Error("a change that changes nothing is no error")
	}
}

func TestNodes(t *testing.T) {
	for _, tt := range []struct {
		workers       []string
		worker, other string
	}{{nil, "cp", "cp"}, {[]string{"a"}, "a", "a"}, {[]string{"a", "b", "c"}, "a", "b"}} {
		c := NewCluster(verify.Expectation{}, "cp", tt.workers, nil)
		if c.Worker != tt.worker || c.Other != tt.other {
			t.Errorf("with %v: %s and %s, want %s and %s", tt.workers, c.Worker, c.Other, tt.worker, tt.other)
		}
	}
}

func TestUntilKeepsTheCause(t *testing.T) {
	broken := errors.New("it does not answer")
	if err := until(t.Context(), time.Millisecond, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v does not say why", err)
	}
}

// TestDocument holds docs/incidents.md to the catalog.
func TestDocument(t *testing.T) {
	var out bytes.Buffer
	if err := Document(&out); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "../../docs/incidents.md", out.Bytes())
}
