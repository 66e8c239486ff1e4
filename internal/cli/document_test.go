package cli

import (
	"bytes"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestChecksDocument holds docs/checks.md to what the code proves.
func TestChecksDocument(t *testing.T) {
	checks := verify.Join(kindctl.Checks(addons.Names()...), kindctl.ShopChecks())
	if err := verify.Validate(checks); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	report.Document(&out, checks)
	golden.Check(t, "../../docs/checks.md", out.Bytes())
}

// TestReasonsDocument holds docs/reasons.md to the catalog of reasons.
func TestReasonsDocument(t *testing.T) {
	var out bytes.Buffer
	report.Reasons(&out, hint.Catalog())
	golden.Check(t, "../../docs/reasons.md", out.Bytes())
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
