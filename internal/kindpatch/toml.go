package kindpatch

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// ParseTOML returns the table that a TOML document is.
func ParseTOML(text string) (map[string]any, error) {
	table := map[string]any{}
	_, err := toml.Decode(text, &table)
	return table, err
}

// TOMLLines returns where the keys of a valid TOML document are: the line, from 1, on
// which the key at a path is defined, or else the nearest table around it.
func TOMLLines(text string) func(path ...string) int {
	lines := map[string]int{}
	line, begin, seen, read := 0, 1, 0, ""
	for each := range strings.Lines(text) {
		line++
		read += each
		meta, err := toml.Decode(read, &map[string]any{})
		if err != nil { // inside a value of several lines
			continue
		}
		for _, key := range meta.Keys()[seen:] {
			for end := range key {
				if name := key[:end+1].String(); lines[name] == 0 {
					lines[name] = begin
				}
			}
		}
		seen, begin = len(meta.Keys()), line+1
	}
	return func(path ...string) int {
		for end := len(path); end > 0; end-- {
			if line := lines[toml.Key(path[:end]).String()]; line > 0 {
				return line
			}
		}
		return 1
	}
}

// field returns the value at a path of a table, or nil.
func field(table map[string]any, path ...string) any {
	var value any = table
	for _, name := range path {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

// prune removes empty tables.
func prune(table map[string]any) {
	for name, value := range table {
		if inner, is := value.(map[string]any); is {
			if prune(inner); len(inner) == 0 {
				delete(table, name)
			}
		}
	}
}
