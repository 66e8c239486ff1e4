package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/kindctl/kindctl/internal/forge/loadbalancer"
	"github.com/kindctl/kindctl/internal/porttest"
)

// kindConstants returns the string constants of kind's own load balancer
// package: the templates of its configuration and the image's name.
func kindConstants(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind").Output()
	if err != nil {
		t.Fatalf("where is kind's source: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "pkg/cluster/internal/loadbalancer")
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	constants := map[string]string{}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					constants[spec.Names[0].Name], _ = strconv.Unquote(literal.Value)
				}
			}
			return true
		})
	}
	return constants
}

// kindFiles are the files that kind writes into the container, in a folder of
// the test.
type kindFiles struct {
	t         *testing.T
	constants map[string]string
	dir       string
}

func newKindFiles(t *testing.T) kindFiles {
	k := kindFiles{t: t, constants: kindConstants(t), dir: t.TempDir()}
	boot := fmt.Sprintf(k.constants["DynamicFilesystemConfigTemplate"], "lab", "lab-external-load-balancer", k.path("cds.yaml"), k.path("lds.yaml"))
	k.write("envoy.yaml", strings.Replace(boot, "port_value: 10000", "port_value: "+freePort(t), 1))
	k.write("cds.yaml", "resources: []")
	k.write("lds.yaml", "resources: []")
	return k
}

func (k kindFiles) path(name string) string { return filepath.Join(k.dir, name) }

// write replaces a file as kind does: a new one is moved into place.
func (k kindFiles) write(name, content string) {
	k.t.Helper()
	if err := os.WriteFile(k.path(name+".tmp"), []byte(content), 0o666); err != nil {
		k.t.Fatal(err)
	}
	if err := os.Rename(k.path(name+".tmp"), k.path(name)); err != nil {
		k.t.Fatal(err)
	}
}

// configure writes what kind writes for these control planes.
func (k kindFiles) configure(port string, backends map[string]string) {
	k.t.Helper()
	data := map[string]any{"ControlPlanePort": port, "BackendServers": backends, "IPv6": false}
	k.write("cds.yaml", k.render("ProxyCDSConfigTemplate", data))
	k.write("lds.yaml", k.render("ProxyLDSConfigTemplate", data))
}

func (k kindFiles) render(name string, data any) string {
	k.t.Helper()
	hostPort := func(address string) (map[string]string, error) {
		host, port, err := net.SplitHostPort(address)
		return map[string]string{"host": host, "port": port}, err
	}
	parsed, err := template.New(name).Funcs(template.FuncMap{"hostPort": hostPort}).Parse(k.constants[name])
	if err != nil {
		k.t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		k.t.Fatal(err)
	}
	return out.String()
}

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(porttest.Free(t))
}

func TestImageIsTheOneThatKindRuns(t *testing.T) {
	if want := kindConstants(t)["Image"]; loadbalancer.Image != want {
		t.Errorf("the image is called %s, kind runs %q", loadbalancer.Image, want)
	}
}

// The module that is compiled for the image requires the same versions as
// the one that these tests run in, and holds the program but no tests.
func TestFiles(t *testing.T) {
	files := loadbalancer.Files()
	for name := range files {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("the module holds the test %s", name)
		}
	}
	if files["envoy/main.go"] == nil || files["go.sum"] == nil {
		t.Fatal("the module lacks its program or its hashes")
	}
	for _, line := range strings.Split(string(files["go.mod"]), "\n") {
		fields := strings.Fields(strings.TrimPrefix(line, "require"))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", fields[0]).Output()
		if version := strings.TrimSpace(string(out)); err != nil || version != fields[1] {
			t.Errorf("go.mod.txt requires %s %s, the project %s (%v)", fields[0], fields[1], version, err)
		}
	}
}
