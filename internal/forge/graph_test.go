package forge

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestReleasesAreThoseThatAreSupported(t *testing.T) {
	var versions []string
	for _, r := range all {
		versions = append(versions, r.version())
		if v := r.etcd.version("go.etcd.io/etcd/server/v3"); !strings.HasPrefix("v"+r.etcdTag, v+"-") {
			t.Errorf("etcd %s of Kubernetes %s has an image %s", v, r.version(), r.etcdTag)
		}
	}
	if !slices.Equal(versions, releases.Supported) {
		t.Errorf("images can be built of %v, not of %v", versions, releases.Supported)
	}
}

func TestRecipeIsComplete(t *testing.T) {
	for _, r := range all {
		t.Run(r.version(), func(t *testing.T) { recipeIsComplete(t, recipe(r)) })
	}
	t.Run("conformance", func(t *testing.T) { recipeIsComplete(t, conformance(all[0])) })
}

func recipeIsComplete(t *testing.T, g graph) {
	position := map[string]int{}
	for i, c := range g {
		if _, twice := position[c.name]; twice {
			t.Errorf("two components are called %s", c.name)
		}
		if c.title == "" || c.estimate == 0 || c.build == nil || len(c.inputs) == 0 {
			t.Errorf("component %s lacks a title, an estimate, inputs or a build function", c.name)
		}
		position[c.name] = i
	}
	for _, c := range g {
		for _, need := range c.needs {
			if i, ok := position[need]; !ok || i >= position[c.name] {
				t.Errorf("%s needs %s, which is not before it in the recipe", c.name, need)
			}
		}
	}
	keys := g.keys() // panics for a component that needs itself
	if len(keys) != len(g) {
		t.Errorf("%d keys for %d components", len(keys), len(g))
	}
}

func TestEveryComponentIsUsed(t *testing.T) {
	g := recipe(all[0])
	keys := g.keys()
	used := map[string]bool{}
	for _, cni := range CNIs {
		for _, target := range (Spec{CNI: cni, LoadBalancer: true}).targets(all[0], keys) {
			g.reach(target.component, used)
		}
	}
	for _, c := range g {
		if !used[c.name] {
			t.Errorf("no image needs %s", c.name)
		}
	}
}

func TestImagesDeclareWhatTheyNeed(t *testing.T) {
	g := conformance(all[0])
	var tested []image
	for _, i := range standIns() {
		tested = append(tested, i.image)
	}
	stores := map[string][]image{
		conformanceImages: tested,
		"core-images":     append(all[0].images(), storageImages()...), "cilium-images": ciliumImages(), "calico-images": calicoImages(),
	}
	for name, images := range stores {
		needs := g.find(name).needs
		for _, i := range images {
			for _, base := range i.bases {
				if !slices.Contains(needs, base) {
					t.Errorf("%s has a layer of %s, which %s does not need", i.ref, base, name)
				}
			}
		}
	}
}

func TestConformanceIsOfTheNewestRelease(t *testing.T) {
	const path = "k8s.io/kubernetes"
	if got, want := (module{name: "conformance"}).version(path), all[0].version(); got != want {
		t.Errorf("the conformance tests are those of Kubernetes %s, the newest release is %s", got, want)
	}
}

// line is a graph of three components: c needs b needs a.
func line(input string) graph {
	build := func(context.Context, *work) error { return nil }
	return graph{
		{name: "a", inputs: [][]byte{[]byte(input)}, build: build},
		{name: "b", needs: []string{"a"}, build: build},
		{name: "c", needs: []string{"b"}, build: build},
		{name: "other", inputs: [][]byte{[]byte("x")}, build: build},
	}
}

func TestKeyFollowsInputsOfWhatIsNeeded(t *testing.T) {
	before, after := line("1").keys(), line("2").keys()
	for _, name := range []string{"a", "b", "c"} {
		if before[name] == after[name] {
			t.Errorf("the key of %s did not change with an input of a", name)
		}
	}
	if before["other"] != after["other"] {
		t.Error("the key of a component changed with an input of another")
	}
}

func TestDigestTellsListsApart(t *testing.T) {
	lists := [][][]byte{{}, {nil}, {[]byte("ab")}, {[]byte("a"), []byte("b")}, {[]byte("b"), []byte("a")}, {nil, []byte("ab")}}
	seen := map[string]int{}
	for i, list := range lists {
		key := digest(list)
		if j, ok := seen[key]; ok {
			t.Errorf("lists %d and %d have the same digest", i, j)
		}
		seen[key] = i
	}
}

func TestKeyOfProgramFollowsEveryInput(t *testing.T) {
	base := program{module: module{name: "agnhost"}, title: "k"}
	key := func(p program) string {
		c := p.component()
		return graph{c}.keys()[c.name]
	}
	changes := map[string]func(*program){
		"tags":    func(p *program) { p.tags = "x" },
		"ldflags": func(p *program) { p.ldflags = []string{"-X a=b"} },
		"cgo":     func(p *program) { p.cgo = true },
		"target":  func(p *program) { p.target = "./x" },
		"tests":   func(p *program) { p.tests = "./x" },
		"module":  func(p *program) { p.name = "crictl" },
		"stubs":   func(p *program) { p.stubs = map[string]string{"here": "httpmachinery"} },
		"sumdb":   func(p *program) { p.unsummed = "example.com/*" },
	}
	for name, change := range changes {
		changed := base
		change(&changed)
		if key(base) == key(changed) {
			t.Errorf("the key of a program does not depend on its %s", name)
		}
	}
	titled := base
	titled.title = "another"
	if key(base) != key(titled) {
		t.Error("the key of a program depends on its title")
	}
}

func TestRefOfNodeImage(t *testing.T) {
	refs := map[string]bool{}
	for _, version := range append(slices.Clone(releases.Supported), "") {
		for _, cni := range CNIs {
			ref, err := NodeImage(Spec{CNI: cni, Kubernetes: version, LoadBalancer: true})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(ref, "kindctl.local/node:"+cmp.Or(version, releases.Supported[0])+"-"+cni+"-") {
				t.Errorf("the image of %s for %s is called %s", version, cni, ref)
			}
			refs[ref] = true
		}
	}
	if want := len(releases.Supported) * len(CNIs); len(refs) != want {
		t.Errorf("%d images have %d names", want, len(refs))
	}
	if _, err := NodeImage(Spec{CNI: Calico, Kubernetes: "v1.34.0"}); hint.ReasonOf(err) != "KUBERNETES_NOT_BUILT" || hint.AdviceOf(err) == "" {
		t.Errorf("an unknown version of Kubernetes: %v", err)
	}
	if _, err := NodeImage(Spec{CNI: "flannel"}); err == nil {
		t.Error("there is a node image for an unknown CNI")
	}
}

func TestLayersOfNodeShareAllButTheLast(t *testing.T) {
	shared := nodeLayers(None)
	shared = shared[:len(shared)-1]
	for _, cni := range []string{Cilium, Calico} {
		if !slices.Equal(nodeLayers(cni)[:len(shared)], shared) {
			t.Errorf("the node image for %s does not begin with the layers of the others", cni)
		}
	}
}

func TestStubsAreGoModules(t *testing.T) {
	for _, m := range []module{ciliumModule, calicoModule} {
		files := m.files()
		for folder := range m.stubs {
			if !bytes.HasPrefix(files[folder+"/go.mod"], []byte("module ")) {
				t.Errorf("%s: %s is no module", m.name, folder)
			}
			if !bytes.Contains(files["go.mod"], []byte("=> ./"+folder)) {
				t.Errorf("%s.mod replaces nothing by %s", m.name, folder)
			}
		}
	}
}
