package format

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// English is the language of files without one in their name.
const English = "en"

// Lab is a scenario.
type Lab struct {
	// Title and Description are in the languages that there are, English among them.
	Title, Description Text
	// Backend is the machine that the lab is made for.
	Backend Backend
	// CNI and ProxyMode are those of the cluster, as in a configuration; without both, it is
	// Killercoda's.
	CNI, ProxyMode string
	// Intro and Finish have neither Verify nor anything of kindctl's; nil is none.
	Intro, Finish *Page
	Steps         []Page
	Assets        []Asset
	// Files are those of the lab's folder.
	Files fs.FS
}

// Text is a text by language.
type Text map[string]string

// In is the text in a language, or in English.
func (t Text) In(language string) string {
	if text, has := t[language]; has {
		return text
	}
	return t[English]
}

// Page is a step, the intro or the finish of a lab. Its files are paths within Lab.Files; ""
// is none.
type Page struct {
	// Key is where the page is in index.json: "intro", "step1" or "finish".
	Key   string
	Title Text
	// Text is Markdown.
	Text string
	// Foreground runs in the learner's sight, Background out of it, as the page begins.
	Foreground, Background string
	// Verify passes the step if its exit code is 0.
	Verify string
	// Timeout bounds Verify; 0 is DefaultTimeout.
	Timeout time.Duration
	// Points are those of a step that is passed without help.
	Points int
	// Hints are given one after the other.
	Hints []Hint
	// Solution is a script after which Verify passes.
	Solution string
	// Wrong are scripts after which Verify must not pass.
	Wrong []Wrong
}

// DefaultTimeout bounds a verify script.
const DefaultTimeout = time.Minute

// Patience is how long the page's verify script may take.
func (p Page) Patience() time.Duration {
	if p.Timeout == 0 {
		return DefaultTimeout
	}
	return p.Timeout
}

// Hint helps with a step.
type Hint struct {
	// Text is a file of Markdown.
	Text string
	// Cost is how many points it costs.
	Cost int
}

// Wrong is a wrong answer to a step.
type Wrong struct {
	// Title says what is wrong about it.
	Title string
	// Script does it.
	Script string
}

// Asset is a file that the lab wants on a host.
type Asset struct {
	// Host is the number of the host, from 1.
	Host int
	// Files are paths within the folder assets, of which each goes to Target.
	Files []string
	// Target is a directory on the host.
	Target string
	// Chmod is a mode as the program chmod takes it, or "".
	Chmod string
}

// Pages are all pages of a lab, in order.
func (l Lab) Pages() (pages []Page) {
	if l.Intro != nil {
		pages = append(pages, *l.Intro)
	}
	pages = append(pages, l.Steps...)
	if l.Finish != nil {
		pages = append(pages, *l.Finish)
	}
	return pages
}

// Points are those of all steps.
func (l Lab) Points() (sum int) {
	for _, step := range l.Steps {
		sum += step.Points
	}
	return sum
}

// In is the file of a text in a language: that with the language before its extension, if
// there is one.
func (l Lab) In(language, file string) string {
	if translated := translated(file, language); language != English && isFile(l.Files, translated) {
		return translated
	}
	return file
}

// Read returns a file of the lab in a language.
func (l Lab) Read(language, file string) (string, error) {
	data, err := fs.ReadFile(l.Files, l.In(language, file))
	return string(data), err
}

// translated is the name of a file's translation: text.zh.md.
func translated(file, language string) string {
	extension := path.Ext(file)
	return strings.TrimSuffix(file, extension) + "." + language + extension
}

// Languages are those that at least one text is in, sorted, English among them.
func (l Lab) Languages() (languages []string) {
	languages = []string{English}
	add := func(language string) {
		if isLanguage(language) && !slices.Contains(languages, language) {
			languages = append(languages, language)
		}
	}
	texts := []Text{l.Title, l.Description}
	for _, page := range l.Pages() {
		texts = append(texts, page.Title)
		for _, file := range page.texts() {
			for _, other := range l.siblings(file) {
				add(other)
			}
		}
	}
	for _, text := range texts {
		for language := range text {
			add(language)
		}
	}
	slices.Sort(languages)
	return languages
}

// texts are the page's files of Markdown.
func (p Page) texts() (files []string) {
	if p.Text != "" {
		files = append(files, p.Text)
	}
	for _, hint := range p.Hints {
		files = append(files, hint.Text)
	}
	return files
}

// siblings are the languages that a file is translated into.
func (l Lab) siblings(file string) (languages []string) {
	entries, err := fs.ReadDir(l.Files, path.Dir(file))
	if err != nil {
		return nil
	}
	extension := path.Ext(file)
	for _, entry := range entries {
		between, has := strings.CutPrefix(entry.Name(), strings.TrimSuffix(path.Base(file), extension)+".")
		if language, is := strings.CutSuffix(between, extension); has && is && isLanguage(language) {
			languages = append(languages, language)
		}
	}
	return languages
}

// isLanguage recognizes the two letters of ISO 639-1.
func isLanguage(text string) bool {
	return len(text) == 2 && text[0] >= 'a' && text[0] <= 'z' && text[1] >= 'a' && text[1] <= 'z'
}

func isFile(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode().IsRegular()
}
