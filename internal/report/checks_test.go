package report

import (
	"bytes"
	"testing"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/verify"
)

// someChecks have every property that is shown, and characters that Markdown reads.
func someChecks() []verify.Check {
	return []verify.Check{
		{ID: "tea.water", Group: "tea", Title: "Water boils", Hint: "kubectl get water -o wide\nor switch the kettle on", Slow: true, Nodes: verify.AllNodes,
			Proves: "A thermometer in every kettle shows 100 degrees; a kettle that is merely switched on, or that boiled some time ago, would not be noticed otherwise.",
			Rights: []string{"list kettles.kitchen", "create,get pods/exec@kube-system"}},
		{ID: "cup.one", Group: "cup", Title: "There is a cup", Proves: "The cupboard is opened.", Hint: "wash one | buy *one*, see <shop> and SHOP_NAME", Advisory: true},
		{ID: "tea.ready", Group: "tea", Title: "Tea is ready", Proves: "Someone drinks it.", Hint: "wait", Needs: []string{"tea.water", "cup.one"}},
	}
}

func TestChecks(t *testing.T) {
	var text, machine, document bytes.Buffer
	Checks(&text, someChecks(), console.Style{})
	golden.Check(t, "testdata/checks.txt", text.Bytes())
	if err := ChecksJSON(&machine, someChecks()); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/checks.json", machine.Bytes())
	Document(&document, someChecks())
	golden.Check(t, "testdata/checks.md", document.Bytes())
}

func TestYAML(t *testing.T) {
	roles, err := verify.Roles(someChecks())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := YAML(&out, roles); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/roles.yaml", out.Bytes())
}
