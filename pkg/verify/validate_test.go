package verify

import "testing"

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
