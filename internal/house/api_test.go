package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSignaturesCanBeNamed finds types of internal packages in what packages for other
// modules export. An alias gives such a type a name that its users can write.
func TestSignaturesCanBeNamed(t *testing.T) {
	for _, dir := range []string{"clusters", "clusters/cni", "pkg/kindctl", "pkg/kindctltest", "pkg/verify", "pkg/event", "pkg/hint"} {
		names, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s has no files: %v", dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, use := range internalTypes(parsed) {
				t.Errorf("%s: %s.%s is of an internal package: give it an alias here", set.Position(use.Pos()), use.X, use.Sel)
			}
		}
	}
}

func TestInternalTypesAreFound(t *testing.T) {
	const text = `package x
import "` + module + `/internal/kube"
type Client = kube.Client
type Options struct { Client *kube.Client; source kube.Source }
func Connect(c *kube.Client) {}
func (o *Options) connect(c *kube.Client) {}
func (o Options) Pods() ([]kube.PodRef, error) { return kube.Pods() }
`
	parsed, err := parser.ParseFile(token.NewFileSet(), "x.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, use := range internalTypes(parsed) {
		found = append(found, use.Sel.Name)
	}
	if got := strings.Join(found, " "); got != "Client Client PodRef" {
		t.Errorf("found %q", got)
	}
}

// internalTypes are the types of internal packages in a file's exported declarations.
func internalTypes(file *ast.File) (found []*ast.SelectorExpr) {
	inside := map[string]bool{}
	for _, spec := range file.Imports {
		if imported, _ := strconv.Unquote(spec.Path.Value); strings.HasPrefix(imported, module+"/internal/") {
			inside[path.Base(imported)] = true
		}
	}
	look := func(node ast.Node) {
		ast.Inspect(node, func(n ast.Node) bool {
			if field, is := n.(*ast.Field); is && len(field.Names) > 0 && !field.Names[0].IsExported() && !isParameter(node) {
				return false
			}
			if use, is := n.(*ast.SelectorExpr); is {
				if name, plain := use.X.(*ast.Ident); plain && inside[name.Name] {
					found = append(found, use)
				}
			}
			return true
		})
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				look(d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, is := spec.(*ast.TypeSpec); is && s.Name.IsExported() && !s.Assign.IsValid() {
					look(s.Type)
				}
			}
		}
	}
	return found
}

// isParameter reports whether fields within a node are parameters, whose names do not
// count, and not those of a struct.
func isParameter(node ast.Node) bool {
	_, is := node.(*ast.FuncType)
	return is
}

func receiver(d *ast.FuncDecl) string {
	of := d.Recv.List[0].Type
	if pointer, is := of.(*ast.StarExpr); is {
		of = pointer.X
	}
	if name, is := of.(*ast.Ident); is {
		return name.Name
	}
	return ""
}
