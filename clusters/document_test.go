package clusters

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/golden"
)

const begin, end = "<!-- fields -->\n", "<!-- end of fields -->"

// TestConfigDocument holds the tables of docs/config.md to the fields there are.
func TestConfigDocument(t *testing.T) {
	file := filepath.Join("..", "docs", "config.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q with %q", file, begin, end)
	}
	defaults, err := values(DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	var tables strings.Builder
	write(&tables, "", fields(), defaults)
	golden.Check(t, file, []byte(before+begin+tables.String()+end+after))
}

// write adds a table of the fields at a path, and those below them.
func write(out *strings.Builder, path string, fields []field, defaults map[string]any) {
	if path != "" {
		fmt.Fprintf(out, "\n### %s\n", path)
	}
	out.WriteString("\n| field | | default |\n|---|---|---|\n")
	for _, f := range fields {
		value := ""
		switch standard, has := f.schema["default"]; {
		case f.must || path == "" && (f.name == "apiVersion" || f.name == "kind"):
			value = "required"
		case has:
			value = fmt.Sprintf("`%v`", standard)
		case path == "" && defaults[f.name] != nil:
			value = fmt.Sprintf("`%v`", defaults[f.name])
		}
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", f.name, f.about, value)
	}
	for _, f := range fields {
		name := strings.TrimPrefix(path+"."+f.name, ".")
		if f.below != nil {
			write(out, name+"[]", f.below, defaults)
		}
		if f.within != nil {
			write(out, name, f.within, defaults)
		}
	}
	if path == "" {
		out.WriteString("\n")
	}
}
