package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// longestReadme is the number of lines that a newcomer reads.
const longestReadme = 100

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	// punctuation is what GitHub leaves out of a heading's anchor.
	punctuation = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
)

// documents returns the prose of the repository, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", ".github/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			texts[strings.TrimPrefix(filepath.ToSlash(path), "../../")] = read(t, path)
		}
	}
	if len(texts) < 20 {
		t.Fatalf("only %d documents were read; the test looks at the wrong place", len(texts))
	}
	return texts
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// anchors are the names of a document's headings in links.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		names[strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return names
}

func TestLinksLeadSomewhere(t *testing.T) {
	texts := documents(t)
	for name, text := range texts {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			file, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(file, ":") {
				continue
			}
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join("..", "..", target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, found[1])
			}
			if prose, is := texts[target]; is && anchor != "" && !anchors(prose)[anchor] {
				t.Errorf("%s links to %s, and %s has no such heading", name, found[1], target)
			}
		}
	}
}

func TestIndexIsComplete(t *testing.T) {
	texts := documents(t)
	for name := range texts {
		if file, is := strings.CutPrefix(name, "docs/"); is && file != "index.md" && !strings.Contains(texts["docs/index.md"], "]("+file+")") {
			t.Errorf("docs/index.md does not link to %s", file)
		}
	}
}

func TestReadmeIsShort(t *testing.T) {
	if lines := strings.Count(documents(t)["README.md"], "\n"); lines > longestReadme {
		t.Errorf("README.md has %d lines, more than %d: details belong into docs", lines, longestReadme)
	}
}
