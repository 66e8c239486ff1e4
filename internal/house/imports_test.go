package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
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
	".":                      {"internal/cli"},
	"internal/cli":           {"labs", "internal/report", "internal/console", "addons", "clusters", "pkg", "internal/charts", "internal/diagnose", "internal/fidelity", "internal/host", "internal/images", "internal/kube", "internal/lab/format", "internal/provider", "internal/quantity", "internal/releases", "internal/scratch", "internal/timeline"},
	"internal/lab":           {"internal/lab/format", "internal/lab/hosts", "clusters", "internal/runs", "pkg/verify", "pkg/event", "pkg/hint"},
	"internal/lab/format":    {"pkg/hint"},
	"internal/lab/hosts":     {},
	"internal/report":        {"internal/console", "internal/lab/format", "internal/fidelity", "internal/timeline", "pkg/event", "pkg/hint", "pkg/verify"},
	"internal/console":       {"pkg/event", "pkg/hint"},
	"internal/golden":        {},
	"internal/house":         {},
	"internal/porttest":      {},
	"addons":                 {"addons", "clusters/cni", "internal/fidelity", "internal/host", "pkg/verify", "internal/kube", "pkg/hint", "internal/charts"},
	"addons/setting":         {"pkg/hint"},
	"addons/calico":          {"addons/plugin", "addons/setting", "clusters/cni", "internal/fidelity", "internal/host", "pkg/verify", "internal/kube", "pkg/hint", "internal/charts"},
	"addons/cilium":          {"addons/plugin", "addons/setting", "clusters/cni", "internal/fidelity", "internal/host", "pkg/verify", "internal/kube", "pkg/hint", "internal/charts"},
	"addons/plugin":          {"clusters/cni", "internal/fidelity", "internal/host", "pkg/verify", "internal/kube", "internal/charts"},
	"clusters/cni":           {},
	"clusters":               {"clusters/cni", "internal/kindpatch", "internal/fidelity", "internal/releases", "pkg/hint"},
	"hack":                   {},
	"labs":                   {},
	"pkg/kindctltest":        {"internal/console", "clusters", "pkg/kindctl", "internal/scratch", "pkg/verify", "pkg/event", "pkg/hint"},
	"pkg/kindctl":            {"addons", "clusters", "internal/lab", "internal/charts", "internal/fidelity", "internal/releases", "internal/quantity", "internal/wiring", "internal/pool", "pkg/bootstrap", "internal/nodes", "internal/snapshot", "internal/lifecycle", "internal/health", "internal/record", "internal/gc", "internal/imageload", "internal/incidents", "internal/faults", "internal/shop", "internal/observe", "internal/timeline", "internal/runs", "internal/diagnose", "internal/forge", "internal/provider", "internal/host", "internal/images", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint", "internal/scratch"},
	"internal/wiring":        {"addons", "clusters", "internal/forge", "internal/host", "internal/images", "internal/ports", "internal/provider", "internal/releases", "pkg/bootstrap", "pkg/event", "pkg/hint", "pkg/verify"},
	"pkg/bootstrap":          {"addons/plugin", "clusters", "internal/charts", "internal/gomod", "internal/fidelity", "internal/releases", "internal/snapshot", "internal/lifecycle", "internal/kubeadm", "internal/health", "internal/record", "internal/gc", "internal/plan", "internal/runs", "internal/provider", "internal/host", "internal/images", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint", "internal/scratch"},
	"internal/pool":          {"internal/diagnose", "internal/quantity", "clusters", "pkg/bootstrap", "internal/health", "internal/record", "internal/gc", "internal/plan", "internal/runs", "internal/provider", "internal/host", "internal/images", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint"},
	"internal/snapshot":      {"clusters", "internal/lifecycle", "internal/health", "internal/record", "internal/plan", "internal/runs", "internal/provider", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint"},
	"internal/nodes":         {"clusters", "internal/lifecycle", "internal/kubeadm", "internal/health", "internal/record", "internal/plan", "internal/runs", "internal/provider", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint"},
	"internal/lifecycle":     {"clusters", "internal/kubeadm", "internal/health", "internal/record", "internal/plan", "internal/runs", "internal/provider", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint"},
	"internal/kubeadm":       {"clusters", "internal/provider", "pkg/verify", "internal/kube", "pkg/event"},
	"internal/health":        {"internal/diagnose", "internal/provider", "pkg/verify", "internal/kube", "pkg/event", "pkg/hint"},
	"internal/record":        {"clusters", "pkg/verify", "internal/kube", "pkg/hint"},
	"internal/gc":            {"internal/runs", "internal/provider", "pkg/event", "pkg/hint", "internal/scratch"},
	"internal/imageload":     {"internal/runs", "internal/provider", "internal/images", "pkg/event", "pkg/hint", "internal/scratch"},
	"internal/plan":          {"pkg/event", "pkg/hint"},
	"internal/runs":          {"pkg/hint", "internal/runs/runstest"},
	"internal/runs/runstest": {"internal/runs"},
	"internal/observe":       {"internal/timeline", "internal/provider", "internal/kube", "pkg/event"},
	"internal/timeline":      {"pkg/event"},
	"internal/provider":      {"internal/host", "internal/kindpatch", "internal/ports", "pkg/event", "pkg/hint"},
	"internal/host":          {"internal/quantity", "pkg/hint"},
	"internal/images":        {"pkg/event", "pkg/hint"},
	"pkg/verify":             {"internal/kube", "internal/ports", "pkg/event", "pkg/hint", "pkg/verify/internal/verifytest"},
	"pkg/verify/internal":    {"pkg/verify", "internal/kube"},
	"pkg/verify/probe":       {"pkg/verify", "internal/kube"},
	"pkg/verify/checks":      {"pkg/verify", "internal/kube"},
	"internal/diagnose":      {},
	"internal/faults":        {"internal/shop", "pkg/verify"},
	"internal/incidents":     {"clusters", "internal/faults", "internal/provider", "internal/shop", "internal/kube", "pkg/verify", "pkg/event", "pkg/hint"},
	"internal/shop":          {"pkg/verify", "internal/kube"},
	"internal/kube":          {"pkg/hint"},
	"internal/charts":        {"internal/charts", "internal/gomod", "pkg/event", "pkg/hint"},
	"internal/gomod":         {"pkg/event", "pkg/hint", "internal/scratch"},
	"internal/forge":         {"internal/porttest", "internal/forge", "internal/charts", "internal/host", "internal/releases", "pkg/event", "pkg/hint", "internal/scratch"},
	"internal/forge/debian":  {"pkg/event", "pkg/hint"},
	"pkg/event":              {},
	"internal/fidelity":      {},
	"internal/releases":      {"pkg/hint"},
	"internal/kindpatch":     {"internal/ports", "pkg/hint"},
	"internal/ports":         {},
	"internal/quantity":      {},
	"pkg/hint":               {},
	"internal/scratch":       {},
	"test":                   {"test", "internal", "pkg", "clusters", "addons"},
}

// testLayers are what the tests of a package may import besides: those of clusters
// read and document the settings of the CNIs that are registered.
var testLayers = map[string][]string{"clusters": {"addons"}}

// testHelper is what every test may import.
const testHelper = "internal/golden"

// owners say which packages alone may import a library.
var owners = map[string][]string{
	"sigs.k8s.io/kind":      {"clusters", "internal/provider", "internal/forge", "test/bench/lab"},
	"github.com/urfave/cli": {"internal/cli"},
	"helm.sh/helm":          {"addons/cilium", "test/bench/lab"},
	"github.com/vbauerster": {"internal/report"},
	"github.com/moby/moby":  {"internal/host", "internal/images", "internal/provider", "internal/forge"},
	"github.com/miekg/dns":  {"pkg/verify/checks/dns", "test"},
}

// plain packages use the standard library and our own packages above alone. The
// shim is built before anything else is there.
var plain = []string{"hack", "pkg/event", "pkg/hint"}

// public are the packages that other modules can import. What else they need is
// reached through these, so that it can change without breaking those modules.
var public = []string{
	"addons", "addons/calico", "addons/cilium", "addons/plugin", "addons/setting", "clusters", "clusters/cni", "labs",
	"pkg/bootstrap", "pkg/event", "pkg/hint", "pkg/kindctl", "pkg/kindctltest", "pkg/verify",
	"pkg/verify/checks", "pkg/verify/probe",
}

func TestPublicPackagesAreFew(t *testing.T) {
	found := map[string]bool{}
	for _, f := range readTree(t) {
		top, _, _ := strings.Cut(f.pkg, "/")
		if strings.HasSuffix(f.name, "_test.go") || top == "." || top == "hack" || top == "test" || strings.Contains("/"+f.pkg+"/", "/internal/") {
			continue
		}
		found[f.pkg] = true
		if !slices.Contains(public, f.pkg) && !strings.HasPrefix(f.pkg, "pkg/verify/checks/") {
			t.Errorf("%s can be imported by other modules: move it to internal, or add it to the list", f.pkg)
		}
	}
	for _, name := range public {
		if !found[name] {
			t.Errorf("%s is in the list of public packages and does not exist", name)
		}
	}
}

// TestPublicPackagesAreDocumented looks for each of them in docs/library.md, which names
// the addons as one.
func TestPublicPackagesAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "library.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range public {
		if !strings.HasPrefix(name, "addons/") && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/library.md does not name %s", name)
		}
	}
}

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
		{"pkg/bootstrap", module + "/internal/nodes", true},
		{"internal/nodes", module + "/pkg/bootstrap", true},
		{"addons/calico", module + "/addons/cilium", true},
		{"pkg/verify", module + "/internal/provider", true},
		{"pkg/verify", module + "/pkg/verify/probe", true},
		{"pkg/verify", module + "/pkg/verify/checks", true},
		{"pkg/verify/checks/etcd", module + "/pkg/verify/probe", false},
		{"internal/host", "sigs.k8s.io/kind/pkg/cluster", true},
		{"pkg/bootstrap", "github.com/urfave/cli/v2", true},
		{"pkg/nowhere", module + "/pkg/hint", true},
		{"pkg/event", "golang.org/x/sync/errgroup", true},
		{"pkg/hint", "golang.org/x/term", true},
		{"hack/capshim", "golang.org/x/sys/unix", true},
		{"pkg/event", "encoding/json", false},
		{"pkg/verify", "golang.org/x/sync/errgroup", false},
		{"pkg/verify", module + "/internal/kube", false},
		{"internal/cli", module + "/internal/forge", true},
		{"internal/cli", module + "/pkg/kindctl", false},
		{"internal/provider", "sigs.k8s.io/kind/pkg/cluster", false},
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
		allowed = slices.Concat(allowed, testLayers[rule(f.pkg)], []string{testHelper})
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

// standard reports whether a package is of the standard library: its first element is no domain.
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
