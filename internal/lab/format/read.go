package format

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// The files that make a folder a scenario or a course.
const (
	IndexFile     = "index.json"
	StructureFile = "structure.json"
)

// assetsDir is where a lab has its assets.
const assetsDir = "assets"

// Read reads the scenario in a folder. A lab with errors among the problems cannot be run; what
// could be read of it is there. Without errors the lab's backend may still be one
// that kindctl does not have: see ParseBackend.
func Read(folder fs.FS) (Lab, []Problem) {
	r := &reader{}
	lab := Lab{Files: folder}
	root := r.open(folder, IndexFile)
	if root == nil {
		return lab, r.problems
	}
	seen := map[string]bool{}
	for _, one := range root.members {
		seen[one.key] = true
	}
	r.object(root, "index.json", fields{
		"title":       r.english(&lab.Title, "title"),
		"description": r.english(&lab.Description, "description"),
		"details":     func(v *value) { r.details(&lab, v) },
		"backend": func(v *value) {
			r.object(v, "backend", fields{"imageid": func(v *value) { r.text(&lab.Backend.ImageID, "backend.imageid")(v) }})
		},
		"interface": func(v *value) { r.object(v, "interface", fields{"layout": func(*value) {}}) },
		"kindctl": func(v *value) {
			r.object(v, "kindctl", fields{
				"title":       r.translations(&lab.Title, "kindctl.title"),
				"description": r.translations(&lab.Description, "kindctl.description"),
				"cni":         r.text(&lab.CNI, "kindctl.cni"),
				"proxyMode":   r.text(&lab.ProxyMode, "kindctl.proxyMode"),
				"incident":    r.incident,
			})
		},
	})
	for _, key := range []string{"title", "backend"} {
		if root.kind == "an object" && !seen[key] {
			r.at(root.offset, Error, "key-missing", "index.json has no "+key, "")
		}
	}
	if seen["backend"] && lab.Backend.ImageID == "" {
		r.at(root.offset, Error, "key-missing", "index.json has no backend.imageid", "use one of "+strings.Join(ImageIDs, ", "))
	}
	if backend, err := ParseBackend(lab.Backend.ImageID); err == nil {
		lab.Backend = backend
	}
	return lab, sorted(r.problems)
}

// incident refuses what later versions have.
func (r *reader) incident(v *value) {
	r.at(v.offset, Error, "incident", "kindctl.incident is reserved: this kindctl has no incidents in labs", "leave it out, or break the cluster in a script of the lab")
}

func (r *reader) details(lab *Lab, v *value) {
	r.object(v, "details", fields{
		"intro":  func(v *value) { lab.Intro = r.page(v, "intro") },
		"finish": func(v *value) { lab.Finish = r.page(v, "finish") },
		"steps": r.list("details.steps", func(i int, item *value) {
			lab.Steps = append(lab.Steps, *r.page(item, fmt.Sprintf("step%d", i+1)))
		}),
		"assets": func(v *value) { r.assets(lab, v) },
	})
}

// page reads the intro, a step or the finish.
func (r *reader) page(v *value, key string) *Page {
	p := &Page{Key: key}
	where := func(of string) string { return key + "." + of }
	known := fields{
		"title": r.english(&p.Title, where("title")), "text": r.path(&p.Text, where("text")),
		"foreground": r.path(&p.Foreground, where("foreground")), "background": r.path(&p.Background, where("background")),
	}
	if strings.HasPrefix(key, "step") {
		known["verify"] = r.path(&p.Verify, where("verify"))
		known["kindctl"] = func(v *value) { r.extras(p, v) }
	} else {
		known["kindctl"] = func(v *value) {
			r.object(v, "kindctl of "+key, fields{"title": r.translations(&p.Title, "kindctl.title of "+key)})
		}
	}
	r.object(v, key, known)
	if v.kind == "an object" && !slices.ContainsFunc(v.members, func(m member) bool { return m.key == "text" }) {
		r.at(v.offset, Error, "key-missing", key+" has no text", "name a file of Markdown")
	}
	return p
}

// extras are what kindctl adds to a step.
func (r *reader) extras(p *Page, v *value) {
	of := " of " + p.Key
	r.object(v, "kindctl"+of, fields{
		"title":    r.translations(&p.Title, "kindctl.title"+of),
		"timeout":  r.duration(&p.Timeout, "kindctl.timeout"+of),
		"points":   r.number(&p.Points, "kindctl.points"+of),
		"solution": r.path(&p.Solution, "kindctl.solution"+of),
		"hints": r.list("kindctl.hints"+of, func(i int, item *value) {
			var one Hint
			where := fmt.Sprintf("kindctl.hints[%d]%s", i, of)
			r.object(item, where, fields{"text": r.path(&one.Text, where+", text"), "cost": r.number(&one.Cost, where+", cost")})
			r.needs(item, where, "text")
			p.Hints = append(p.Hints, one)
		}),
		"wrong": r.list("kindctl.wrong"+of, func(i int, item *value) {
			var one Wrong
			where := fmt.Sprintf("kindctl.wrong[%d]%s", i, of)
			r.object(item, where, fields{"title": r.text(&one.Title, where+", title"), "script": r.path(&one.Script, where+", script")})
			r.needs(item, where, "script")
			p.Wrong = append(p.Wrong, one)
		}),
	})
	costs := 0
	for _, one := range p.Hints {
		costs += one.Cost
	}
	if costs > p.Points {
		r.at(v.offset, Error, "points", fmt.Sprintf("the hints%s cost %d points together, and the step has %d", of, costs, p.Points), "lower the costs, or raise the points")
	}
	if p.Verify == "" && (p.Solution != "" || len(p.Wrong) > 0 || p.Points > 0) {
		r.at(v.offset, Warning, "verify-missing", p.Key+" has a solution, wrong answers or points, and no verify script to tell them apart", "add verify")
	}
}

// needs reports a key that an object lacks.
func (r *reader) needs(v *value, where, key string) {
	if v.kind == "an object" && !slices.ContainsFunc(v.members, func(m member) bool { return m.key == key }) {
		r.at(v.offset, Error, "key-missing", where+" has no "+key, "")
	}
}

// assets reads the files that each host gets.
func (r *reader) assets(lab *Lab, v *value) {
	hosts := fields{}
	for number := 1; number <= 2; number++ {
		host := fmt.Sprintf("host%02d", number)
		hosts[host] = r.list("assets."+host, func(i int, item *value) { r.asset(lab, item, fmt.Sprintf("assets.%s[%d]", host, i), number) })
	}
	r.object(v, "assets", hosts)
}

func (r *reader) asset(lab *Lab, v *value, where string, host int) {
	one := Asset{Host: host}
	var pattern string
	r.object(v, where, fields{
		"file": r.text(&pattern, where+".file"), "target": r.text(&one.Target, where+".target"), "chmod": r.text(&one.Chmod, where+".chmod"),
	})
	r.needs(v, where, "file")
	r.needs(v, where, "target")
	if pattern == "" || one.Target == "" {
		return
	}
	if !path.IsAbs(one.Target) && one.Target != "~" && !strings.HasPrefix(one.Target, "~/") {
		r.at(v.offset, Error, "path-invalid", fmt.Sprintf("%s.target is %q, which is no absolute path", where, one.Target), "begin it with / or ~/")
	}
	files, err := matching(r.files, pattern)
	switch {
	case errors.Is(err, path.ErrBadPattern):
		r.at(v.offset, Error, "path-invalid", fmt.Sprintf("%s.file is %q, which is no pattern of file names", where, pattern), "")
	case len(files) == 0:
		r.at(v.offset, Error, "file-missing", fmt.Sprintf("%s.file is %q, and there is no such file in %s%s", where, pattern, assetsDir, hint.Nearest(pattern, below(r.files))), "")
	}
	one.Files = files
	lab.Assets = append(lab.Assets, one)
}

// below are the paths of files in the folder assets.
func below(files fs.FS) (names []string) {
	_ = fs.WalkDir(files, assetsDir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, strings.TrimPrefix(name, assetsDir+"/"))
		}
		return nil
	})
	return names
}

// matching are the assets that a pattern names: * stands for any part of a name, ** for folders
// and what is in them.
func matching(files fs.FS, pattern string) (found []string, err error) {
	pattern = strings.TrimPrefix(path.Clean(pattern), "/")
	for _, name := range below(files) {
		is, err := matches(strings.Split(pattern, "/"), strings.Split(name, "/"))
		if err != nil {
			return nil, err
		}
		if is {
			found = append(found, name)
		}
	}
	return found, nil
}

func matches(pattern, name []string) (bool, error) {
	if len(pattern) == 0 {
		return len(name) == 0, nil
	}
	if pattern[0] == "**" {
		if len(pattern) == 1 {
			return len(name) > 0, nil
		}
		for skip := range len(name) + 1 {
			if is, err := matches(pattern[1:], name[skip:]); is || err != nil {
				return is, err
			}
		}
		return false, nil
	}
	if len(name) == 0 {
		return false, nil
	}
	is, err := path.Match(pattern[0], name[0])
	if !is || err != nil {
		return false, err
	}
	return matches(pattern[1:], name[1:])
}
