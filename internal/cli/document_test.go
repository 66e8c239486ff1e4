package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

var update = flag.Bool("update", false, "rewrite the generated documents")

// TestChecksDocument holds docs/checks.md to what the code proves.
func TestChecksDocument(t *testing.T) {
	checks := kindctl.Checks(addons.Names()...)
	if err := verify.Validate(checks); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	report.Document(&out, checks)
	file := filepath.Join("..", "..", "docs", "checks.md")
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("docs/checks.md is stale; regenerate it: go test ./internal/cli -run TestChecksDocument -update\n%s", diff)
	}
}

// everyCommand lists commands and what is beneath them, without hidden ones.
func everyCommand(commands []*cli.Command) (all []*cli.Command) {
	for _, command := range commands {
		if !command.Hidden {
			all = append(all, command)
			all = append(all, everyCommand(command.Subcommands)...)
		}
	}
	return all
}
