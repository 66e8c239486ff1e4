package kindctltest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// trial is a test that may be skipped or fail without consequences.
type trial struct {
	testing.TB
	skipped, failed bool
	said            string
}

func (r *trial) Skip(args ...any) {
	r.skipped, r.said = true, fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *trial) Fatal(args ...any) {
	r.failed, r.said = true, fmt.Sprint(args...)
	runtime.Goexit()
}

// try runs a test to its end.
func try(t *testing.T, test func(testing.TB)) *trial {
	r := &trial{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r
}

// TestWithoutDocker: a test is skipped with the reason, or fails where a skip
// would pass for a success. What is wrong with its cluster is said anyway.
func TestWithoutDocker(t *testing.T) {
	tests := map[string]struct {
		ci, require string
		options     []Option
		fails       bool
		want        string
	}{
		"at a desk":         {"", "", nil, false, "hint:"},
		"in CI":             {"true", "", nil, true, "hint:"},
		"in CI, and wanted": {"true", "0", nil, false, "KINDCTL_TEST_REQUIRE=1 would fail instead"},
		"required":          {"", "1", nil, true, "hint:"},
		"not understood":    {"", "sometimes", nil, true, "KINDCTL_TEST_REQUIRE"},
		"not in CI":         {"false", "", nil, false, "hint:"},
		"a mistake":         {"", "", []Option{CNI("celium")}, true, `did you mean "cilium"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calm(t)
			t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
			t.Setenv("CI", tt.ci)
			t.Setenv("KINDCTL_TEST_REQUIRE", tt.require)
			for entry, test := range map[string]func(testing.TB){
				"New":    func(tb testing.TB) { New(tb, tt.options...) },
				"Shared": func(tb testing.TB) { Shared(tb, "none", tt.options...) },
			} {
				r := try(t, test)
				if r.failed != tt.fails || r.skipped == tt.fails || !strings.Contains(r.said, tt.want) {
					t.Errorf("%s: failed %v, skipped %v: %s", entry, r.failed, r.skipped, r.said)
				}
			}
		})
	}
}
