package labs

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	course = "kubernetes-from-the-inside"
	// longest is the number of lines of a step that a learner reads before doing anything.
	longest = 60
)

type page struct {
	Text, Foreground, Verify string
	Title                    string
	Kindctl                  struct {
		Title    map[string]string
		Solution string
		Points   int
		Hints    []struct {
			Text string
			Cost int
		}
		Wrong []struct{ Title, Script string }
	}
}

type lab struct {
	Title, Description string
	Details            struct {
		Intro, Finish page
		Steps         []page
	}
	Kindctl struct{ Title, Description map[string]string }
}

// read decodes a JSON file of the course.
func read(t *testing.T, name string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, name)), to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func text(t *testing.T, name string) string {
	t.Helper()
	data, err := fs.ReadFile(Files(), name)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

func TestCourseIsComplete(t *testing.T) {
	var structure struct{ Items []struct{ Path string } }
	read(t, path.Join(course, "structure.json"), &structure)
	if len(structure.Items) < 8 {
		t.Fatalf("the course has %d labs", len(structure.Items))
	}
	used := map[string]bool{course + "/structure.json": true}
	for _, item := range structure.Items {
		dir := path.Join(course, item.Path)
		var one lab
		read(t, path.Join(dir, "index.json"), &one)
		used[path.Join(dir, "index.json")] = true
		if one.Title == "" || one.Kindctl.Title["zh"] == "" || one.Description == "" || one.Kindctl.Description["zh"] == "" {
			t.Errorf("%s lacks a title or a description, in English or in Chinese", dir)
		}
		if n := len(one.Details.Steps); n < 2 || n > 4 {
			t.Errorf("%s has %d steps", dir, n)
		}
		pages := append([]page{one.Details.Intro, one.Details.Finish}, one.Details.Steps...)
		for _, p := range pages {
			for _, name := range p.files() {
				used[path.Join(dir, name)] = true
				text(t, path.Join(dir, name))
			}
		}
		for i, step := range one.Details.Steps {
			checkStep(t, fmt.Sprintf("step %d of %s", i+1, dir), dir, step)
		}
	}
	_ = fs.WalkDir(Files(), course, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !used[strings.Replace(name, ".zh.md", ".md", 1)] {
			t.Errorf("%s is of no page", name)
		}
		return err
	})
}

// files are all that a page names.
func (p page) files() (names []string) {
	names = []string{p.Text, p.Foreground, p.Verify, p.Kindctl.Solution}
	for _, hint := range p.Kindctl.Hints {
		names = append(names, hint.Text)
	}
	for _, wrong := range p.Kindctl.Wrong {
		names = append(names, wrong.Script)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func checkStep(t *testing.T, name, dir string, step page) {
	t.Helper()
	own := step.Kindctl
	if step.Verify == "" || own.Solution == "" || own.Points == 0 || len(own.Hints) != 3 || len(own.Wrong) < 2 {
		t.Errorf("%s has verify %q, solution %q, %d points, %d hints, %d wrong answers", name, step.Verify, own.Solution, own.Points, len(own.Hints), len(own.Wrong))
	}
	if step.Title == "" || own.Title["zh"] == "" {
		t.Errorf("%s lacks a title", name)
	}
	for _, wrong := range own.Wrong {
		if wrong.Title == "" {
			t.Errorf("%s: %s does not say what is wrong about it", name, wrong.Script)
		}
	}
	if lines := strings.Count(text(t, path.Join(dir, step.Text)), "\n"); lines > longest {
		t.Errorf("%s has a text of %d lines", name, lines)
	}
}

var (
	block    = regexp.MustCompile("(?ms)^```.*?^```(?:\\{\\{exec\\}\\})?$")
	commands = regexp.MustCompile("(?ms)^```[^`]*?^```\\{\\{exec\\}\\}$|`[^`\n]+`\\{\\{exec\\}\\}")
)

// TestTranslationsRunTheSame wants each text in Chinese, and the same commands in it. A text that
// is nothing but commands needs no translation.
func TestTranslationsRunTheSame(t *testing.T) {
	translated := 0
	err := fs.WalkDir(Files(), course, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".md" || strings.HasSuffix(name, ".zh.md") {
			return err
		}
		english := text(t, name)
		data, err := fs.ReadFile(Files(), strings.TrimSuffix(name, ".md")+".zh.md")
		if err != nil {
			if strings.TrimSpace(block.ReplaceAllString(english, "")) != "" {
				t.Errorf("%s has no translation", name)
			}
			return nil
		}
		translated++
		want, got := commands.FindAllString(english, -1), commands.FindAllString(string(data), -1)
		slices.Sort(want) // a sentence may have another order
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s runs other commands in Chinese", name)
		}
		return nil
	})
	if err != nil || translated < 50 {
		t.Errorf("%d texts are translated: %v", translated, err)
	}
}
