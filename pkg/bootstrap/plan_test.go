package bootstrap

import (
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/plan"
)

// TestArchitectureTellsThePlan holds the table of ARCHITECTURE.md to the plan: the
// phases, in their order, and the file in which each one's work stands.
func TestArchitectureTellsThePlan(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var told, planned []string
	for _, row := range regexp.MustCompile("(?m)^\\| ([a-z]+) \\| .+ \\| `([a-z]+\\.go)` \\|$").FindAllStringSubmatch(string(text), -1) {
		told = append(told, row[1]+": "+row[2])
	}
	for _, phase := range NewUp(Config{}).Plan() {
		planned = append(planned, phase.Name+": "+fileOf(t, phase))
	}
	if diff := cmp.Diff(planned, told); diff != "" {
		t.Errorf("phases (-plan +ARCHITECTURE.md):\n%s", diff)
	}
}

// fileOf finds the file of the method that a phase runs.
func fileOf(t *testing.T, phase plan.Phase) string {
	t.Helper()
	name := runtime.FuncForPC(reflect.ValueOf(phase.Run).Pointer()).Name()
	method := strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file.Name()); err == nil && strings.Contains(string(text), "func (u *Up) "+method+"(") {
			return file.Name()
		}
	}
	t.Fatalf("no file has the method %s", method)
	return ""
}

func TestPlanNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, phase := range NewUp(Config{}).Plan() {
		if seen[phase.Name] || phase.Title == "" || phase.Run == nil {
			t.Errorf("phase %q is there twice, or has no title or function", phase.Name)
		}
		seen[phase.Name] = true
	}
}

// TestPlanHasDryRuns wants every phase but the first, which looks at the host,
// to say what it would do: a dry run runs those that do not.
func TestPlanHasDryRuns(t *testing.T) {
	for i, phase := range NewUp(Config{}).Plan() {
		if looks := phase.DryRun == nil; looks != (i == 0) {
			t.Errorf("a dry run runs phase %s: %v", phase.Name, looks)
		}
	}
}
