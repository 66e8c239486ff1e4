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
	"slices"
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

// foreign finds paths below this user's home and beside the checkout, which exist on one
// machine only.
func foreign(home, checkout string) *regexp.Regexp {
	var dirs []string
	for _, dir := range []string{home, filepath.Dir(checkout)} {
		if dir = filepath.ToSlash(filepath.Clean(dir)); !slices.Contains([]string{".", "/", "/tmp", "/root", "/home", "/src"}, dir) {
			dirs = append(dirs, regexp.QuoteMeta(dir)+"/")
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	return regexp.MustCompile(`(?m)(^|[^\w.})*/-])(` + strings.Join(dirs, "|") + ")")
}

func TestForeignPathsAreFound(t *testing.T) {
	paths := foreign("/home/ann", "/srv/code/kindctl")
	for text, want := range map[string]bool{
		"/srv/code/main":         true,
		"see /home/ann/x":        true,
		`"/srv/code/a"`:          true,
		"x=/srv/code/a":          true,
		"upper/srv/code/a":       false,
		"$dir/srv/code/":         false,
		"${dir}/home/ann/":       false,
		"/a/b/home/ann/":         false,
		"/srv/codes/":            false,
		"/home/anna/kindctl":     false,
		"/home/runner/work/repo": false,
	} {
		if paths.MatchString(text) != want {
			t.Errorf("%q is foreign: %v, want %v", text, !want, want)
		}
	}
	if paths := foreign("/root", "/kindctl"); paths != nil {
		t.Errorf("paths that many machines have are foreign: %v", paths)
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
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	home, _ := os.UserHomeDir() // without one there are no paths below it
	paths := foreign(home, checkout)
	if paths == nil {
		t.Skip("neither the home nor the place of the checkout is this machine's alone")
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if found := paths.Find(data); found != nil {
			t.Errorf("%s has the path %q of one machine", name, strings.TrimSpace(string(found)))
		}
	}
}
