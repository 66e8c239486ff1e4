package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// reader reads one JSON file of a lab and collects what is wrong.
type reader struct {
	files    fs.FS
	file     string
	data     []byte
	problems []Problem
}

// fields say how to read the members of an object.
type fields map[string]func(*value)

// elsewhere are keys of Katacoda, and those that some authors use for themselves. Killercoda
// ignores them, and so does kindctl.
var elsewhere = []string{
	"credits", "difficulty", "environment", "files", "icon", "pathwayId", "pathwayTitle", "private", "tags", "time", "type",
}

// katacoda are keys of Katacoda for which Killercoda has others.
var katacoda = map[string]string{"code": "foreground", "courseData": "background", "answer": "a <details> in the text"}

// open reads a file and its JSON; nil is none.
func (r *reader) open(files fs.FS, name string) *value {
	r.files, r.file = files, name
	data, err := fs.ReadFile(files, name)
	if err != nil {
		r.report(Problem{Severity: Error, ID: "file-missing", File: name, Message: "there is no " + name + " that can be read: " + cause(err)})
		return nil
	}
	r.data = data
	root, err := parseJSON(data)
	if err != nil {
		at := 0
		if wrong := (syntaxError{}); errors.As(err, &wrong) {
			at = wrong.offset
		}
		r.at(at, Error, "json-syntax", "this is not JSON: "+err.Error(), "commas stand between members and not behind the last one; comments are not allowed")
		return nil
	}
	return root
}

// cause is an error of a file system without its path, which differs between systems.
func cause(err error) string {
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		if errors.Is(err, fs.ErrNotExist) {
			return "it does not exist"
		}
		return pathError.Err.Error()
	}
	return err.Error()
}

func (r *reader) report(p Problem) { r.problems = append(r.problems, p) }

// at reports a problem at an offset.
func (r *reader) at(offset int, severity Severity, id, message, advice string) {
	p := Problem{Severity: severity, ID: id, File: r.file, Message: message, Hint: advice}
	p.Line, p.Column = lineOf(r.data, offset)
	r.report(p)
}

// object reads the members of an object. Where it is, is what messages call it. Without any
// foreign members are ignored; in an object of kindctl's they are errors.
func (r *reader) object(v *value, where string, known fields) {
	if v.kind != "an object" {
		r.wrongKind(v, where, "an object")
		return
	}
	seen := map[string]bool{}
	for _, one := range v.members {
		if seen[one.key] {
			r.at(one.offset, Error, "key-twice", fmt.Sprintf("%s has %q twice", where, one.key), "leave one of them out")
		}
		seen[one.key] = true
		if read := known[one.key]; read != nil {
			read(one.value)
			continue
		}
		r.unknown(one, where, slices.Sorted(maps.Keys(known)))
	}
}

// unknown reports a key that is not one of the format. Killercoda ignores such keys, so that one
// that looks like no misspelling is a warning.
func (r *reader) unknown(one member, where string, known []string) {
	instead := katacoda[one.key]
	near := hint.Nearest(one.key, known)
	switch {
	case strings.HasPrefix(where, "kindctl"):
		r.at(one.offset, Error, "key-unknown", fmt.Sprintf("%s has no key %q%s", where, one.key, near), "use one of: "+strings.Join(known, ", "))
	case instead != "":
		r.at(one.offset, Warning, "key-katacoda", fmt.Sprintf("%s has %q, a key of Katacoda that is ignored", where, one.key), "Killercoda has: "+instead)
	case slices.Contains(elsewhere, one.key):
	case near != "":
		r.at(one.offset, Error, "key-unknown", fmt.Sprintf("%s has no key %q%s", where, one.key, near), "correct it, or leave it out")
	default:
		r.at(one.offset, Warning, "key-unknown", fmt.Sprintf("%s has a key %q, which is not one of the format and is ignored", where, one.key), "leave it out")
	}
}

func (r *reader) wrongKind(v *value, where, want string) {
	r.at(v.offset, Error, "wrong-kind", fmt.Sprintf("%s is %s, and must be %s", where, v.kind, want), "")
}

// text reads a string.
func (r *reader) text(to *string, where string) func(*value) {
	return func(v *value) {
		text, is := v.scalar.(string)
		if !is {
			r.wrongKind(v, where, "a text")
			return
		}
		*to = text
	}
}

// number reads a whole number that is not negative.
func (r *reader) number(to *int, where string) func(*value) {
	return func(v *value) {
		number, is := v.scalar.(json.Number)
		n, err := number.Int64()
		if !is || err != nil || n < 0 || n > 1e6 {
			r.at(v.offset, Error, "wrong-kind", where+" must be a whole number from 0 to 1000000", "")
			return
		}
		*to = int(n)
	}
}

// duration reads a length of time, such as "90s".
func (r *reader) duration(to *time.Duration, where string) func(*value) {
	return func(v *value) {
		text, _ := v.scalar.(string)
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			r.at(v.offset, Error, "wrong-kind", where+` must be a length of time such as "90s" or "2m"`, "")
			return
		}
		*to = d
	}
}

// english reads the text that the format has.
func (r *reader) english(to *Text, where string) func(*value) {
	return func(v *value) {
		var text string
		r.text(&text, where)(v)
		to.set(English, text)
	}
}

func (t *Text) set(language, text string) {
	if *t == nil {
		*t = Text{}
	}
	(*t)[language] = text
}

// translations reads an object with a text for each further language.
func (r *reader) translations(to *Text, where string) func(*value) {
	return func(v *value) {
		if v.kind != "an object" {
			r.wrongKind(v, where, "an object")
			return
		}
		for _, one := range v.members {
			if !isLanguage(one.key) || one.key == English {
				r.at(one.offset, Error, "language", fmt.Sprintf("%s has %q, which is no further language", where, one.key), `languages are two letters, such as "zh"`)
				continue
			}
			var text string
			r.text(&text, where)(one.value)
			to.set(one.key, text)
		}
	}
}

// list reads each item of a list.
func (r *reader) list(where string, read func(index int, item *value)) func(*value) {
	return func(v *value) {
		if v.kind != "a list" {
			r.wrongKind(v, where, "a list")
			return
		}
		for i, item := range v.items {
			read(i, item)
		}
	}
}

// path reads the path of a file that must be in the lab.
func (r *reader) path(to *string, where string) func(*value) {
	return func(v *value) {
		var name string
		if r.text(&name, where)(v); name == "" {
			return
		}
		name = strings.TrimPrefix(path.Clean(name), "/") // which some authors write
		switch info, err := r.stat(name); {
		case strings.Contains(name, `\`):
			r.at(v.offset, Error, "path-invalid", fmt.Sprintf("%s is %q, with a backslash", where, name), "write paths with /")
		case !fs.ValidPath(name):
			r.at(v.offset, Error, "path-invalid", fmt.Sprintf("%s is %q, which leads out of the folder", where, name), "keep the lab's files in its folder")
		case err != nil:
			r.at(v.offset, Error, "file-missing", fmt.Sprintf("%s is %s, which %s%s", where, name, withoutIt(err), hint.Nearest(name, r.all())), "")
		case !info.Mode().IsRegular():
			r.at(v.offset, Error, "file-missing", fmt.Sprintf("%s is %s, which is no file", where, name), "")
		default:
			*to = name
		}
	}
}

func withoutIt(err error) string {
	if text, is := strings.CutPrefix(cause(err), "it "); is {
		return text
	}
	return "cannot be read: " + cause(err)
}

func (r *reader) stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	return fs.Stat(r.files, name)
}

// all are the paths of the lab's files.
func (r *reader) all() (names []string) {
	_ = fs.WalkDir(r.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return nil
	})
	return names
}
