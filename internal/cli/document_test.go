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
	"github.com/kindctl/kindctl/pkg/hint"
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
	holdDocument(t, "checks.md", out.String())
}

// TestReasonsDocument holds docs/reasons.md to the catalog of reasons.
func TestReasonsDocument(t *testing.T) {
	var out bytes.Buffer
	report.Reasons(&out, hint.Catalog())
	holdDocument(t, "reasons.md", out.String())
}

// holdDocument compares a file of docs with what the code makes of it, or writes it.
func holdDocument(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("docs/%s is stale; regenerate it: go test ./internal/cli -run %s -update\n%s", name, t.Name(), diff)
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
