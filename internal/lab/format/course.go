package format

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Course is a folder with scenarios, or with courses.
type Course struct {
	Title, Description Text
	Items              []Item
}

// Item is a scenario or a course of a course.
type Item struct {
	// Path is that of its folder, from the course's.
	Path string
	// Title and Description are those that the course gives it, or its own.
	Title, Description Text
	// Course says that it is one, and no scenario.
	Course bool
}

// IsScenario reports whether a folder is one.
func IsScenario(folder fs.FS) bool { return isFile(folder, IndexFile) }

// IsCourse reports whether a folder is one: it has a structure.json, or a scenario in one of its
// folders.
func IsCourse(folder fs.FS) bool {
	return isFile(folder, StructureFile) || len(scenariosIn(folder)) > 0
}

// scenariosIn are the folders of a folder that are scenarios or have a structure.json.
func scenariosIn(folder fs.FS) (names []string) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if entry.IsDir() && (isFile(folder, path.Join(entry.Name(), IndexFile)) || isFile(folder, path.Join(entry.Name(), StructureFile))) {
			names = append(names, entry.Name())
		}
	}
	return names
}

// ReadCourse reads the course in a folder. The problems are those of its structure.json, and
// none of its scenarios.
func ReadCourse(folder fs.FS) (Course, []Problem) {
	r := &reader{}
	var course Course
	if !isFile(folder, StructureFile) {
		for _, name := range scenariosIn(folder) {
			course.Items = append(course.Items, Item{Path: name})
		}
		complete(folder, course.Items)
		return course, nil
	}
	root := r.open(folder, StructureFile)
	if root == nil {
		return course, r.problems
	}
	r.object(root, StructureFile, fields{
		"title": r.english(&course.Title, "title"), "description": r.english(&course.Description, "description"),
		"items": r.list("items", func(i int, v *value) {
			if item, is := r.item(v, fmt.Sprintf("items[%d]", i)); is {
				course.Items = append(course.Items, item)
			}
		}),
		"kindctl": func(v *value) {
			r.object(v, "kindctl", fields{
				"title": r.translations(&course.Title, "kindctl.title"), "description": r.translations(&course.Description, "kindctl.description"),
			})
		},
	})
	r.needs(root, StructureFile, "items")
	for i, item := range course.Items {
		if slices.ContainsFunc(course.Items[:i], func(other Item) bool { return other.Path == item.Path }) {
			r.at(root.offset, Error, "item-twice", fmt.Sprintf("items name %s twice", item.Path), "leave one of them out")
		}
	}
	complete(folder, course.Items)
	return course, sorted(r.problems)
}

func (r *reader) item(v *value, where string) (item Item, is bool) {
	r.object(v, where, fields{
		"path": r.text(&item.Path, where+".path"), "title": r.english(&item.Title, where+".title"),
		"description": r.english(&item.Description, where+".description"),
		"kindctl": func(v *value) {
			r.object(v, "kindctl of "+where, fields{
				"title":       r.translations(&item.Title, "kindctl.title of "+where),
				"description": r.translations(&item.Description, "kindctl.description of "+where),
			})
		},
	})
	r.needs(v, where, "path")
	if item.Path == "" {
		return item, false
	}
	item.Path = strings.Trim(path.Clean(item.Path), "/")
	if !fs.ValidPath(item.Path) || item.Path == "." {
		r.at(v.offset, Error, "path-invalid", fmt.Sprintf("%s.path is %q, which is no folder within this one", where, item.Path), "")
		return item, false
	}
	if !isFile(r.files, path.Join(item.Path, IndexFile)) && !isFile(r.files, path.Join(item.Path, StructureFile)) {
		r.at(v.offset, Error, "file-missing", fmt.Sprintf("%s.path is %s, which is no folder with an index.json or a structure.json", where, item.Path), "")
		return item, false
	}
	return item, true
}

// complete has items that the course does not describe say of themselves what they are.
func complete(folder fs.FS, items []Item) {
	for i := range items {
		one := &items[i]
		within, err := fs.Sub(folder, one.Path)
		if err != nil {
			continue
		}
		title, description := Text(nil), Text(nil)
		if one.Course = !IsScenario(within); one.Course {
			course, _ := ReadCourse(within)
			title, description = course.Title, course.Description
		} else {
			lab, _ := Read(within)
			title, description = lab.Title, lab.Description
		}
		one.Title = over(one.Title, title, one.Path)
		one.Description = over(one.Description, description, "")
	}
}

// over is a text over another one, and what it is in English if neither says so.
func over(text, below Text, otherwise string) Text {
	result := Text{English: cmp.Or(text[English], below[English], otherwise)}
	for _, from := range []Text{below, text} {
		for language, one := range from {
			if language != English {
				result[language] = one
			}
		}
	}
	return result
}
