package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declared is a reason of the catalog as its source has it.
type declared struct{ variable, name, code string }

// literal is an error whose reason is written out.
type literal struct{ place, name, code string }

// unchanged is a package whose source is an input of image keys. It writes its
// reasons out, so that built images stay valid.
const unchanged = "internal/forge/debian"

func TestReasonsAreUsed(t *testing.T) {
	catalog := declaredReasons(t)
	if len(catalog) < 100 {
		t.Fatalf("only %d reasons are found in pkg/hint; the test reads it wrongly", len(catalog))
	}
	used, literals := usedReasons(t)
	for _, l := range literals {
		at := slices.IndexFunc(catalog, func(d declared) bool { return d.name == l.name })
		switch {
		case strings.HasPrefix(l.place, unchanged) && at >= 0 && catalog[at].code == l.code:
			used[catalog[at].variable] = true
		case !strings.HasPrefix(l.place, "test/") || at >= 0:
			t.Errorf("%s: %s is written out; use a reason of the catalog in pkg/hint", l.place, l.name)
		}
	}
	for _, d := range catalog {
		if !strings.EqualFold(d.variable, strings.ReplaceAll(d.name, "_", "")) {
			t.Errorf("hint.%s is called %s", d.variable, d.name)
		}
		if !used[d.variable] {
			t.Errorf("hint.%s is used nowhere", d.variable)
		}
	}
}

// declaredReasons reads the catalog.
func declaredReasons(t *testing.T) (found []declared) {
	t.Helper()
	for _, f := range readTree(t) {
		if f.pkg != "pkg/hint" || strings.HasSuffix(f.name, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, f), func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			if call, is := spec.Values[0].(*ast.CallExpr); is && selected(call.Fun) == "reason" {
				found = append(found, declared{spec.Names[0].Name, text(call.Args[0]), text(call.Args[1])})
			}
			return true
		})
	}
	return found
}

// usedReasons reads what other packages select from pkg/hint, and the errors that
// they make with a reason of their own.
func usedReasons(t *testing.T) (used map[string]bool, literals []literal) {
	t.Helper()
	used = map[string]bool{}
	for _, f := range readTree(t) {
		if strings.HasSuffix(f.name, "_test.go") || !slices.Contains(f.imports, module+"/pkg/hint") {
			continue
		}
		ast.Inspect(parse(t, f), func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				used[fromHint(n)] = used[fromHint(n)] || !strings.HasPrefix(f.pkg, "test/")
			case *ast.CallExpr:
				switch fromHint(n.Fun) {
				case "New":
					literals = append(literals, literal{f.name, text(n.Args[1]), fromHint(n.Args[0])})
				case "Wrap":
					literals = append(literals, literal{f.name, text(n.Args[2]), fromHint(n.Args[1])})
				}
			}
			return true
		})
	}
	return used, literals
}

func parse(t *testing.T, f file) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", f.name), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// fromHint is the name that an expression selects from package hint, or "".
func fromHint(e ast.Expr) string {
	if s, is := e.(*ast.SelectorExpr); is && text(s.X) == "hint" {
		return s.Sel.Name
	}
	return ""
}

func selected(e ast.Expr) string {
	if s, is := e.(*ast.SelectorExpr); is {
		return s.Sel.Name
	}
	return ""
}

// text is that of a name or a string; other expressions have none.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.BasicLit:
		value, _ := strconv.Unquote(e.Value)
		return value
	}
	return ""
}
