package format

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folder is that of a scenario.
func folder(name string) string { return filepath.Join(scenarios, name) }

func read(t *testing.T, name string) Lab {
	t.Helper()
	lab, problems := Read(os.DirFS(folder(name)))
	if errors := Errors(problems); len(errors) > 0 {
		t.Fatal(errors)
	}
	return lab
}

func TestRead(t *testing.T) {
	lab := read(t, "two-steps")
	want := Page{
		Key: "step1", Title: Text{English: "Create it"}, Text: "step1/text.md", Verify: "step1/verify.sh", Points: 10,
		Hints:    []Hint{{"step1/hint1.md", 1}, {"step1/hint2.md", 2}},
		Solution: "step1/solution.sh",
		Wrong:    []Wrong{{"another value", "step1/wrong1.sh"}, {"another namespace", "step1/wrong2.sh"}},
	}
	if diff := cmp.Diff(want, lab.Steps[0]); diff != "" {
		t.Error(diff)
	}
	if len(lab.Pages()) != 4 || lab.Points() != 15 || lab.Backend.Workers != 0 {
		t.Errorf("%d pages, %d points, %+v", len(lab.Pages()), lab.Points(), lab.Backend)
	}
	if got := read(t, "endless").Steps[0].Patience(); got != 3*time.Second {
		t.Errorf("the verify script may take %s", got)
	}
	if got := want.Patience(); got != DefaultTimeout {
		t.Errorf("without a timeout it may take %s", got)
	}
}

func TestLanguages(t *testing.T) {
	lab := read(t, "chinese")
	if got := lab.Languages(); !slices.Equal(got, []string{"en", "zh"}) {
		t.Errorf("languages %v", got)
	}
	for language, want := range map[string]string{"en": "Give the node", "zh": "给节点", "de": "Give the node"} {
		text, err := lab.Read(language, lab.Steps[0].Text)
		if err != nil || !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q, %v", language, text, err)
		}
	}
	if got := lab.Title.In("zh"); got != "标签" {
		t.Errorf("title %q", got)
	}
	if got := lab.Steps[0].Title.In("de"); got != "Label a node" {
		t.Errorf("title %q", got)
	}
}

func TestAssets(t *testing.T) {
	var got [][]string
	for _, asset := range read(t, "assets").Assets {
		got = append(got, asset.Files)
	}
	want := [][]string{{"run.sh"}, {"manifests/deep/one.yaml"}, {"note.txt", "other.txt"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMatching(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"a.txt", "b.json", "app/a.txt", "app/deep/c.json"} {
		files["assets/"+name] = &fstest.MapFile{}
	}
	for pattern, want := range map[string]string{
		"a.txt":         "a.txt",
		"/a.txt":        "a.txt",
		"*":             "a.txt b.json",
		"**":            "a.txt app/a.txt app/deep/c.json b.json",
		"**/*.json":     "app/deep/c.json b.json",
		"app/*":         "app/a.txt",
		"app/**/*.*":    "app/a.txt app/deep/c.json",
		"app*/*/*.json": "app/deep/c.json",
		"missing":       "",
	} {
		got, err := matching(files, pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v; want %q", pattern, got, err, want)
		}
	}
}

func TestParseBackend(t *testing.T) {
	for id, want := range map[string]string{
		"kubernetes-kubeadm-1node": "0", "kubernetes-kubeadm-2nodes-rapid": "1", "kubernetes-kubeadm-2nodes-ubuntu20.04": "1",
		"kubernetes-k3s-1node": "0 K3s", "kubernetes-kubeadm-1node-4GB": "0",
		"ubuntu": "without Kubernetes", "ubuntu-4GB": "without Kubernetes", "kubernetes-kubeadm-1nodes1": "did you mean", "": "no backend",
	} {
		backend, err := ParseBackend(id)
		got := string(rune('0' + backend.Workers))
		if backend.K3s {
			got += " K3s"
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q is %q, want %q", id, got, want)
		}
	}
}

func TestReadCourse(t *testing.T) {
	course, problems := ReadCourse(os.DirFS(folder("course")))
	if len(problems) > 0 || course.Title.In("zh") != "课程" {
		t.Errorf("%+v, %v", course.Title, problems)
	}
	var got []string
	for _, item := range course.Items {
		got = append(got, item.Path+" "+item.Title.In("en"))
	}
	if want := []string{"second Comes first", "first The first", "part part"}; !slices.Equal(got, want) || !course.Items[2].Course {
		t.Errorf("items are %q, want %q", got, want)
	}
	course, _ = ReadCourse(os.DirFS(folder("group")))
	if len(course.Items) != 2 || course.Items[0].Title.In("en") != "A" {
		t.Errorf("a folder of labs has %+v", course.Items)
	}
}
