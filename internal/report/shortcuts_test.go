package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/golden"
)

func TestShortcuts(t *testing.T) {
	all := []fidelity.Shortcut{
		{Setting: "the water", Here: "hot already", There: "cold, and boiled before every single cup of the day", Effect: "tea is ready five minutes earlier; the kettle is warm all day, which costs a little, and the kitchen with it"},
		{Setting: "how the kettle of the kitchen is called", Here: "kettle", There: "kettle-7", Effect: "less to type"},
		{Setting: "sugar", Here: "none", There: "two lumps", Effect: "there is none in the house", Kept: true},
	}
	var out bytes.Buffer
	Shortcuts(&out, all, console.Style{})
	golden.Check(t, "testdata/shortcuts.txt", out.Bytes())
	for _, production := range [][]fidelity.Shortcut{fidelity.Taken(all, true), nil} {
		out.Reset()
		Shortcuts(&out, production, console.Style{})
		if text := out.String(); !strings.Contains(text, "No shortcuts") || strings.Contains(text, "water") ||
			strings.Contains(text, "sugar") != (len(production) > 0) {
			t.Errorf("in production:\n%s", text)
		}
	}
}
