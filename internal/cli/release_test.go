package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// releaseConfig is what this project says in .goreleaser.yaml.
type releaseConfig struct {
	Version int
	Before  struct{ Hooks []string }
	Builds  []struct {
		Main, Binary         string
		Env, Flags, Ldflags  []string
		ModTimestamp         string `yaml:"mod_timestamp"`
		Goos, Goarch, Ignore []string
	}
	Archives []struct {
		NameTemplate string `yaml:"name_template"`
		Formats      []string
		Files        []struct{ Src, Dst string }
	}
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
		Algorithm    string
	}
	Dockers []struct{ Dockerfile string } `yaml:"dockers_v2"`
	Casks   []struct {
		Manpages    []string
		Completions map[string]string
	} `yaml:"homebrew_casks"`
}

// TestRelease holds the release to what it is made of, and to those who install it.
func TestRelease(t *testing.T) {
	root := filepath.Join("..", "..")
	read := func(names ...string) string {
		data, err := os.ReadFile(filepath.Join(append([]string{root}, names...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var config releaseConfig
	if err := yaml.Unmarshal([]byte(read(".goreleaser.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	if config.Version != 2 || len(config.Builds) != 1 || len(config.Archives) != 1 {
		t.Fatalf("the configuration is %+v", config)
	}
	build, archive := config.Builds[0], config.Archives[0]

	variable := regexp.MustCompile(`-X (\S+)=`)
	set := variable.FindStringSubmatch(strings.Join(build.Ldflags, " "))
	if set == nil || !strings.Contains(read("Makefile"), "-X "+set[1]+"=") {
		t.Fatalf("ldflags are %v, and the Makefile sets another variable", build.Ldflags)
	}
	if !isStringVariable(t, set[1]) {
		t.Errorf("the linker is to set %s, which is no variable of type string", set[1])
	}
	if !slices.Contains(build.Flags, "-trimpath") || build.ModTimestamp == "" || !slices.Contains(build.Env, "CGO_ENABLED=0") {
		t.Errorf("two builds of one commit may differ: %+v", build)
	}

	// make release-binary builds the same.
	for what, want := range map[string]string{
		"flags":  "export GOFLAGS := $(GOFLAGS) " + strings.Join(build.Flags, " ") + "\nexport " + strings.ReplaceAll(build.Env[0], "=", " := ") + "\nBUILD := go build -ldflags '$(LDFLAGS)'\n",
		"linker": "LDFLAGS := " + strings.ReplaceAll(strings.Join(build.Ldflags, " "), "{{ .Tag }}", "$(VERSION)") + "\n",
		"recipe": "\t$(CHARTS)\n\t$(BUILD) -o $(or $(OUT),bin/release/kindctl) .\n",
		"charts": "CHARTS := GOOS= GOARCH= " + strings.Join(config.Before.Hooks, "") + "\n",
	} {
		if !strings.Contains(read("Makefile"), want) {
			t.Errorf("the release's %s are not those of the Makefile, which lacks %q", what, want)
		}
	}

	var has []string
	for _, file := range archive.Files {
		found, err := filepath.Glob(filepath.Join(root, file.Src))
		if err != nil || len(found) == 0 {
			t.Errorf("there is no %s (%v)", file.Src, err)
		}
		for _, name := range found {
			has = append(has, filepath.ToSlash(filepath.Join(file.Dst, filepath.Base(name))))
		}
	}
	for _, want := range []string{"LICENSE", "README.md", "man/kindctl.1", "completions/kindctl.bash", "completions/kindctl.zsh", "completions/kindctl.fish", "completions/kindctl.ps1"} {
		if !slices.Contains(has, want) {
			t.Errorf("%s is not in the archive: %v", want, has)
		}
	}

	// The image and the cask are made of the same.
	for _, image := range config.Dockers {
		if want := "${TARGETPLATFORM}/" + build.Binary + " "; !strings.Contains(read(image.Dockerfile), want) {
			t.Errorf("%s does not copy %q", image.Dockerfile, want)
		}
	}
	for _, cask := range config.Casks {
		for _, name := range append(slices.Collect(maps.Values(cask.Completions)), cask.Manpages...) {
			if !slices.Contains(has, name) {
				t.Errorf("the cask installs %s, which is not in the archive: %v", name, has)
			}
		}
	}
	if len(config.Dockers) != 1 || len(config.Casks) != 1 {
		t.Errorf("there are %d images and %d casks", len(config.Dockers), len(config.Casks))
	}

	// The action and the GitLab job find archives by name.
	if archive.NameTemplate != "{{ .ProjectName }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}" || !slices.Equal(archive.Formats, []string{"tar.gz"}) {
		t.Errorf("archives are named %s, of format %v", archive.NameTemplate, archive.Formats)
	}
	for file, names := range map[string][2]string{
		filepath.Join("action", "install.js"):     {"kindctl_${tag.slice(1)}_${system}_${architecture}", config.Checksum.NameTemplate},
		filepath.Join("templates", "kindctl.yml"): {"kindctl_${KINDCTL_VERSION#v}_linux_$arch.tar.gz", config.Checksum.NameTemplate},
	} {
		for _, name := range names {
			if text := read(file); name == "" || !strings.Contains(text, name) {
				t.Errorf("%s does not look for %q", file, name)
			}
		}
	}
	if config.Checksum.Algorithm != "sha256" {
		t.Errorf("checksums are %s; those who install want sha256", config.Checksum.Algorithm)
	}
}

// isStringVariable reports whether a name is one of a variable that the linker can
// set: of type string, without a value.
func isStringVariable(t *testing.T, name string) bool {
	t.Helper()
	dot := strings.LastIndex(name, ".")
	folder, found := strings.CutPrefix(name[:dot], "github.com/kindctl/kindctl/")
	if !found {
		return false
	}
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			general, is := declaration.(*ast.GenDecl)
			if !is || general.Tok != token.VAR {
				continue
			}
			for _, spec := range general.Specs {
				value := spec.(*ast.ValueSpec)
				kind, is := value.Type.(*ast.Ident)
				if is && kind.Name == "string" && len(value.Values) == 0 && value.Names[0].Name == name[dot+1:] {
					return true
				}
			}
		}
	}
	return false
}
