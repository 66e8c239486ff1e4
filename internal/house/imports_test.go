package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kindctl/kindctl"

// layers say which of our own packages each package may import. Imports point
// down: a package that is not listed on the right is out of reach. A name
// stands for the packages beneath it as well.
var layers = map[string][]string{
	".":                   {"internal/cli"},
	"internal/cli":        {"internal/report", "addons", "clusters", "pkg"},
	"internal/report":     {"pkg/fidelity", "pkg/timeline", "pkg/event", "pkg/hint", "pkg/verify"},
	"internal/house":      {},
	"internal/porttest":   {},
	"addons":              {"addons", "clusters/cni", "pkg/fidelity", "pkg/host", "pkg/verify", "pkg/kube", "pkg/hint", "pkg/charts"},
	"addons/setting":      {"pkg/hint"},
	"addons/calico":       {"addons/plugin", "addons/setting", "clusters/cni", "pkg/fidelity", "pkg/host", "pkg/verify", "pkg/kube", "pkg/hint", "pkg/charts"},
	"addons/cilium":       {"addons/plugin", "addons/setting", "clusters/cni", "pkg/fidelity", "pkg/host", "pkg/verify", "pkg/kube", "pkg/hint", "pkg/charts"},
	"addons/plugin":       {"clusters/cni", "pkg/fidelity", "pkg/host", "pkg/verify", "pkg/kube", "pkg/charts"},
	"clusters/cni":        {},
	"clusters":            {"clusters/cni", "pkg/kindpatch", "pkg/fidelity", "pkg/releases", "pkg/hint"},
	"hack":                {},
	"pkg/kindctltest":     {"internal/report", "clusters", "pkg/kindctl", "pkg/scratch", "pkg/verify", "pkg/event", "pkg/hint"},
	"pkg/kindctl":         {"addons", "clusters", "pkg/charts", "pkg/fidelity", "pkg/releases", "pkg/bootstrap", "pkg/nodes", "pkg/lifecycle", "pkg/health", "pkg/record", "pkg/gc", "pkg/imageload", "pkg/observe", "pkg/timeline", "pkg/runs", "pkg/diagnose", "pkg/forge", "pkg/provider", "pkg/host", "pkg/images", "pkg/verify", "pkg/kube", "pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/bootstrap":       {"addons/plugin", "clusters", "pkg/charts", "pkg/gomod", "pkg/fidelity", "pkg/releases", "pkg/lifecycle", "pkg/kubeadm", "pkg/health", "pkg/record", "pkg/gc", "pkg/plan", "pkg/runs", "pkg/provider", "pkg/host", "pkg/images", "pkg/verify", "pkg/kube", "pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/nodes":           {"clusters", "pkg/lifecycle", "pkg/kubeadm", "pkg/health", "pkg/record", "pkg/plan", "pkg/runs", "pkg/provider", "pkg/verify", "pkg/kube", "pkg/event", "pkg/hint"},
	"pkg/lifecycle":       {"clusters", "pkg/kubeadm", "pkg/health", "pkg/record", "pkg/plan", "pkg/runs", "pkg/provider", "pkg/verify", "pkg/kube", "pkg/event", "pkg/hint"},
	"pkg/kubeadm":         {"clusters", "pkg/provider", "pkg/verify", "pkg/kube", "pkg/event"},
	"pkg/health":          {"pkg/diagnose", "pkg/provider", "pkg/verify", "pkg/kube", "pkg/event", "pkg/hint"},
	"pkg/record":          {"clusters", "pkg/verify", "pkg/kube", "pkg/hint"},
	"pkg/gc":              {"pkg/runs", "pkg/provider", "pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/imageload":       {"pkg/runs", "pkg/provider", "pkg/images", "pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/plan":            {"pkg/event", "pkg/hint"},
	"pkg/runs":            {"pkg/hint", "pkg/runs/runstest"},
	"pkg/runs/runstest":   {"pkg/runs"},
	"pkg/observe":         {"pkg/timeline", "pkg/provider", "pkg/kube", "pkg/event"},
	"pkg/timeline":        {"pkg/event"},
	"pkg/provider":        {"pkg/host", "pkg/event", "pkg/hint"},
	"pkg/host":            {"pkg/hint"},
	"pkg/images":          {"pkg/event", "pkg/hint"},
	"pkg/verify":          {"pkg/kube", "pkg/event", "pkg/hint", "pkg/verify/internal/verifytest"},
	"pkg/verify/internal": {"pkg/verify", "pkg/kube"},
	"pkg/verify/probe":    {"pkg/verify", "pkg/kube"},
	"pkg/verify/checks":   {"pkg/verify", "pkg/kube"},
	"pkg/diagnose":        {},
	"pkg/kube":            {"pkg/hint"},
	"pkg/charts":          {"pkg/charts", "pkg/gomod", "pkg/event", "pkg/hint"},
	"pkg/gomod":           {"pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/forge":           {"internal/porttest", "pkg/forge", "pkg/charts", "pkg/host", "pkg/releases", "pkg/event", "pkg/hint", "pkg/scratch"},
	"pkg/forge/debian":    {"pkg/event", "pkg/hint"},
	"pkg/event":           {},
	"pkg/fidelity":        {},
	"pkg/releases":        {"pkg/hint"},
	"pkg/kindpatch":       {"pkg/hint"},
	"pkg/hint":            {},
	"pkg/scratch":         {},
	"test":                {"internal/porttest", "pkg", "clusters", "addons"},
	"test/bench":          {"test/bench", "internal/cli", "internal/report", "pkg", "clusters", "addons"},
}

// testLayers are what the tests of a package may import besides: those of clusters
// read and document the settings of the CNIs that are registered.
var testLayers = map[string][]string{"clusters": {"addons"}}

// owners say which packages alone may import a library.
var owners = map[string][]string{
	"sigs.k8s.io/kind":      {"clusters", "pkg/provider", "pkg/forge", "test/bench/lab"},
	"github.com/urfave/cli": {"internal/cli"},
	"helm.sh/helm":          {"addons/cilium", "test/bench/lab"},
	"github.com/vbauerster": {"internal/report"},
	"github.com/moby/moby":  {"pkg/host", "pkg/images", "pkg/provider", "pkg/forge"},
	"github.com/miekg/dns":  {"pkg/verify/checks/dns", "test"},
}

// plain packages use the standard library and our own packages above alone. The
// shim is built before anything else is there.
var plain = []string{"hack", "pkg/event", "pkg/hint"}

// file is one Go file with what it imports.
type file struct {
	pkg, name string
	imports   []string
}

func TestImportsPointDown(t *testing.T) {
	files := readTree(t)
	if len(files) < 50 {
		t.Fatalf("only %d files were read; the test looks at the wrong place", len(files))
	}
	for _, f := range files {
		for _, problem := range violations(f) {
			t.Error(problem)
		}
	}
}

// TestRulesAreUsed finds rules of packages that are gone.
func TestRulesAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, f := range readTree(t) {
		used[rule(f.pkg)] = true
	}
	for name := range layers {
		if !used[name] {
			t.Errorf("the rule of %s applies to no package", name)
		}
	}
}

func TestViolationsAreFound(t *testing.T) {
	tests := []struct {
		pkg, imported string
		wrong         bool
	}{
		{"pkg/event", module + "/pkg/hint", true},
		{"clusters", module + "/addons", true},
		{"pkg/bootstrap", module + "/addons", true},
		{"pkg/bootstrap", module + "/addons/cilium", true},
		{"pkg/bootstrap", module + "/pkg/nodes", true},
		{"pkg/nodes", module + "/pkg/bootstrap", true},
		{"addons/calico", module + "/addons/cilium", true},
		{"pkg/verify", module + "/pkg/provider", true},
		{"pkg/verify", module + "/pkg/verify/probe", true},
		{"pkg/verify", module + "/pkg/verify/checks", true},
		{"pkg/verify/checks/etcd", module + "/pkg/verify/probe", false},
		{"pkg/host", "sigs.k8s.io/kind/pkg/cluster", true},
		{"pkg/bootstrap", "github.com/urfave/cli/v2", true},
		{"pkg/nowhere", module + "/pkg/hint", true},
		{"pkg/event", "golang.org/x/sync/errgroup", true},
		{"pkg/hint", "golang.org/x/term", true},
		{"hack/capshim", "golang.org/x/sys/unix", true},
		{"pkg/event", "encoding/json", false},
		{"pkg/verify", "golang.org/x/sync/errgroup", false},
		{"pkg/verify", module + "/pkg/kube", false},
		{"internal/cli", module + "/pkg/forge", false},
		{"pkg/provider", "sigs.k8s.io/kind/pkg/cluster", false},
	}
	for _, tt := range tests {
		if found := violations(file{tt.pkg, "x.go", []string{tt.imported}}); (len(found) > 0) != tt.wrong {
			t.Errorf("%s importing %s: violations %v, want some: %v", tt.pkg, tt.imported, found, tt.wrong)
		}
	}
}

// violations returns a sentence for each import that breaks a rule.
func violations(f file) (found []string) {
	allowed, known := layers[rule(f.pkg)]
	if strings.HasSuffix(f.name, "_test.go") {
		allowed = slices.Concat(allowed, testLayers[rule(f.pkg)])
	}
	for _, imported := range f.imports {
		if own, ours := strings.CutPrefix(imported, module+"/"); ours {
			if !known || (own != f.pkg && !strings.HasPrefix(own, f.pkg+"/testdata/") && !beneathAny(own, allowed)) {
				found = append(found, f.name+": "+f.pkg+" must not import "+own)
			}
			continue
		}
		if slices.Contains(plain, rule(f.pkg)) && !standard(imported) && !strings.HasSuffix(f.name, "_test.go") {
			found = append(found, f.name+": "+f.pkg+" must not import "+imported+"; it does with the standard library")
		}
		for library, users := range owners {
			if strings.HasPrefix(imported, library) && !beneathAny(f.pkg, users) {
				found = append(found, f.name+": "+f.pkg+" must not import "+imported+"; only "+strings.Join(users, ", ")+" may")
			}
		}
	}
	return found
}

// standard tells a package of the standard library: its first element is no domain.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// rule is the entry of layers that applies to a package: the longest one.
func rule(pkg string) string {
	for name := pkg; name != "."; name = path.Dir(name) {
		if _, listed := layers[name]; listed {
			return name
		}
	}
	return pkg
}

func beneathAny(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return pkg == name || strings.HasPrefix(pkg, name+"/") })
}

// readTree parses the imports of every Go file of the module.
func readTree(t *testing.T) (files []file) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != root || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f := file{pkg: filepath.ToSlash(filepath.Dir(relative)), name: relative}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
