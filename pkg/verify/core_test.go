package verify

import (
	"strings"
	"testing"
)

func TestCoreIsValid(t *testing.T) {
	if err := Validate(Core()); err != nil {
		t.Error(err)
	}
}

// TestWhatReachesIntoPodsNeedsKubelets: exec and port-forward go by way of the
// kubelet, so that one which hangs must be the only check that fails. etcd.quorum is
// there to say what the loss of a node means: the other members answer for it.
func TestWhatReachesIntoPodsNeedsKubelets(t *testing.T) {
	const kubelets, majority = "kubelet.alive", "etcd.quorum"
	byID := map[string]Check{}
	for _, check := range Core() {
		byID[check.ID] = check
	}
	through := 0
	for id, check := range byID {
		rights := strings.Join(check.Rights, " ")
		if id == kubelets || id == majority || !strings.Contains(rights, "pods/exec") && !strings.Contains(rights, "pods/portforward") {
			continue
		}
		through++
		if !reaches(byID, kubelets, check.Needs, map[string]bool{}) {
			t.Errorf("%s reaches into pods and does not need %s", id, kubelets)
		}
	}
	if through == 0 {
		t.Error("no check reaches into pods")
	}
}

func TestValidate(t *testing.T) {
	check := func(id string, needs ...string) Check {
		return Check{ID: id, Title: id, Group: "g", Proves: "p", Hint: "h", Run: passes, Needs: needs}
	}
	tests := map[string]struct {
		checks []Check
		want   string
	}{
		"good":         {[]Check{check("a", "b"), check("b")}, ""},
		"unknown need": {[]Check{check("a", "z")}, `check "a" needs "z", which does not exist`},
		"taken twice":  {[]Check{check("a"), check("a")}, `two checks are called "a"`},
		"itself":       {[]Check{check("a", "a")}, `check "a" needs itself`},
		"circle":       {[]Check{check("a", "b"), check("b", "a")}, "check \"a\" needs itself\ncheck \"b\" needs itself"},
		"tail":         {[]Check{check("a", "b"), check("b", "b")}, `check "b" needs itself`},
		"bare":         {[]Check{{ID: "a"}}, `check "a" lacks an ID, title, group, proof, hint or function`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := Validate(test.checks); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
