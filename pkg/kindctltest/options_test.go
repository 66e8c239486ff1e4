package kindctltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

// calm takes away what the environment of this test says of clusters.
func calm(t *testing.T) {
	for _, variable := range []string{"CI", "KINDCTL_IMAGES", "KINDCTL_IMAGE_REGISTRY", "KINDCTL_RETAIN", "KINDCTL_TEST_REQUIRE"} {
		t.Setenv(variable, "")
	}
}

func TestMergeOptions(t *testing.T) {
	calm(t)
	file := filepath.Join(t.TempDir(), "lab.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: theirs\nworkers: 3\ncni: calico\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KINDCTL_IMAGES", "local")
	t.Setenv("KINDCTL_IMAGE_REGISTRY", "mirror.example/x")
	s, err := mergeOptions(
		"ours",
		[]Option{Config(file), Nodes(1, 1), ProxyMode("nftables"), Retain(), With(func(o *kindctl.UpOptions) { o.WaitTimeout = time.Hour })},
	)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Topology
	if got.Name != "ours" || got.CNI != "calico" || got.ControlPlanes != 1 || got.Workers != 1 || got.ProxyMode != "nftables" {
		t.Errorf("the topology is %+v", got)
	}
	if s.Images != "local" || s.Mirror != "mirror.example/x" || !s.retain || !s.Retain || s.WaitTimeout != time.Hour {
		t.Errorf("the settings are %+v", s)
	}
	warnings, err := got.Validate()
	if err != nil || !strings.Contains(strings.Join(warnings, "\n"), "lab.yaml:4: workers is 3, but kindctltest.Nodes says 1 and wins") {
		t.Errorf("the warnings are %q (%v)", warnings, err)
	}
	if s, err = mergeOptions("small", nil); err != nil || s.Topology.Nodes() != 1 || s.retain {
		t.Errorf("without options: %+v (%v)", s, err)
	}
}

func TestMergeOptionsRefuses(t *testing.T) {
	tests := map[string]struct {
		variables map[string]string
		options   []Option
		want      string
	}{
		"a profile that is not there": {nil, []Option{Profile("huge")}, `no profile "huge"`},
		"a CNI that is not there":     {nil, []Option{CNI("celium")}, `did you mean "cilium"`},
		"a file that is not there":    {nil, []Option{Config("none.yaml")}, "none.yaml"},
		"no nodes":                    {nil, []Option{Nodes(0, 1)}, "at least 1"},
		"what does not go together":   {nil, []Option{CNI("calico"), ProxyMode("none")}, "only Cilium"},
		"a variable that is no bool":  {map[string]string{"KINDCTL_RETAIN": "perhaps"}, nil, "KINDCTL_RETAIN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calm(t)
			for variable, value := range tt.variables {
				t.Setenv(variable, value)
			}
			if _, err := mergeOptions("x", tt.options); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

// TestNames: whatever a test is called, its cluster's name is one that Docker
// and Kubernetes take, and no other cluster's.
func TestNames(t *testing.T) {
	calm(t)
	for _, test := range []string{"TestIt", "TestIt/with_spaces_and_a_name_that_is_much_too_long_for_a_host", "Test/ÄÖ/#01", "///", "TestAbcdefghijklmnopqrst/uvw"} {
		first, second := nameFor(test), nameFor(test)
		if first == second {
			t.Errorf("%s: two clusters are called %s", test, first)
		}
		if _, err := mergeOptions(first, []Option{Profile("ha")}); err != nil {
			t.Errorf("%s: %v", test, err)
		}
	}
	if name := nameFor("TestOrders/paid"); !strings.HasPrefix(name, "testorders-paid-") {
		t.Errorf("the cluster of TestOrders/paid is %s", name)
	}
}

// limited is a test with a deadline.
type limited struct {
	testing.TB
	deadline time.Time
}

func (l limited) Deadline() (time.Time, bool) { return l.deadline, !l.deadline.IsZero() }

func TestTTL(t *testing.T) {
	now := time.Now()
	for deadline, want := range map[time.Time]time.Duration{
		{}:                        longest,
		now.Add(30 * time.Minute): 40 * time.Minute,
		now.Add(-time.Hour):       10 * time.Minute,
	} {
		if got := ttl(limited{t, deadline}, now); got != want {
			t.Errorf("deadline in %v: %v, want %v", deadline.Sub(now), got, want)
		}
	}
}
