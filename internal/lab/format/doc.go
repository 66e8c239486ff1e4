// Package format reads labs: scenarios and courses in Killercoda's folder format, as they
// are, with what kindctl adds to them.
//
// A scenario is a folder with an index.json, which names Markdown, shell scripts and assets
// beside it. A course is a folder with a structure.json, or with scenarios in its folders. What
// the format has no keys for, such as points and solutions, is in objects "kindctl", which
// Killercoda ignores. A translation of a file is beside it, with the language before the
// extension: text.md and text.zh.md.
//
// Read says everything that is wrong at once, with file and line. Examine says of a scenario
// that can be read what it needs and what would not work.
package format
