package house

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	said := map[string]bool{}
	for _, f := range readTree(t) {
		if strings.HasSuffix(f.name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", f.name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		said[f.pkg] = said[f.pkg] || parsed.Doc.Text() != ""
	}
	for pkg, has := range said {
		if !has {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

// foreign are absolute paths that exist on one machine only.
var foreign = regexp.MustCompile(`(?m)(^|[^\w.})*/-])/(work|farm)/`)

func TestForeignPathsAreFound(t *testing.T) {
	const slash = "/"
	for text, want := range map[string]bool{
		slash + "work/main":           true,
		"see " + slash + "farm/x":     true,
		`"` + slash + `work/a"`:       true,
		"x=" + slash + "work/a":       true,
		"upper" + slash + "work/a":    false,
		"$dir" + slash + "work/":      false,
		"${dir}" + slash + "work/":    false,
		"/a/" + "b" + slash + "farm/": false,
		slash + "workers/":            false,
	} {
		if foreign.MatchString(text) != want {
			t.Errorf("%q is foreign: %v, want %v", text, !want, want)
		}
	}
}

// TestNoForeignPaths reads all that git tracks.
func TestNoForeignPaths(t *testing.T) {
	list, err := exec.Command("git", "-C", "../..", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("this is no checkout that git reads: %v", err)
	}
	names := strings.Split(strings.TrimRight(string(list), "\x00"), "\x00")
	if len(names) < 100 {
		t.Fatalf("git tracks only %d files; the test looks at the wrong place", len(names))
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if found := foreign.Find(data); found != nil {
			t.Errorf("%s has the path %q of one machine", name, strings.TrimSpace(string(found)))
		}
	}
}
