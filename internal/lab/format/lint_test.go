package format

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/golden"
)

// scenarios are labs of all kinds, the broken ones among them.
const scenarios = "../testdata/scenarios"

// TestLint says of each scenario what is wrong with it and what it needs.
func TestLint(t *testing.T) {
	folders, err := os.ReadDir(scenarios)
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 30 {
		t.Errorf("there are %d scenarios", len(folders))
	}
	var out strings.Builder
	for _, folder := range folders {
		fmt.Fprintf(&out, "# %s\n", folder.Name())
		reports, err := Lint(os.DirFS(filepath.Join(scenarios, folder.Name())))
		if err != nil {
			fmt.Fprintf(&out, "%v\n", err)
		}
		for _, report := range reports {
			fmt.Fprintf(&out, "%s: %q, %d steps, %d points, %v\n", report.Path, report.Title, report.Steps, report.Points, report.Languages)
			if report.Needs != nil {
				fmt.Fprintf(&out, "  needs %+v\n", *report.Needs)
			}
			for _, one := range report.Problems {
				one.File = path.Join(report.Path, one.File)
				fmt.Fprintf(&out, "  %s %s %s\n", one.Severity, one.ID, one)
				if one.Hint != "" {
					fmt.Fprintf(&out, "    %s\n", one.Hint)
				}
			}
		}
	}
	golden.Check(t, "testdata/lint.golden", []byte(out.String()))
}
