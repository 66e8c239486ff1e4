package debian

import (
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
)

// Spec says what a root file system holds.
type Spec struct {
	// Name is part of file names and of events.
	Name string
	// Suite is the Debian release's code name.
	Suite string
	// Packages are unpacked together with what they depend on.
	Packages []string
	// Alone are packages unpacked without what they depend on.
	Alone []string
	// Assume are packages that count as installed and are left out, with
	// what only they depend on: maintainer scripts never run, so whatever
	// serves only those is not needed.
	Assume []string
	// Drop and Keep are path patterns beside the common ones; see trimmer.
	Drop, Keep []string
	// Dirs are empty directories to make.
	Dirs []string
	// Links are symbolic links to make: path to target.
	Links map[string]string
	// Users are accounts beside those of every Debian system, without a
	// password or a shell.
	Users []User `json:",omitempty"`
	// Extends is the Spec whose tree lies under this one's, or nil.
	Extends *Spec
}

// User is an account of a service, in the group nogroup.
type User struct {
	Name string
	ID   int
	Home string
}

//go:embed *.go
var source embed.FS

// Inputs returns everything that decides the content of the tree but the
// versions on the mirror: the Spec, what it extends, and the source of this
// package. Equal bytes mean that a tree built earlier still serves: a Debian
// point release does not rebuild it, removing it from the cache does.
func (s Spec) Inputs() []byte {
	spec, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, slices and maps of strings always marshal
	}
	return append(spec, programText()...)
}

func programText() (text []byte) {
	entries, _ := fs.ReadDir(source, ".") // sorted by name
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		content, _ := source.ReadFile(entry.Name())
		text = append(text, content...)
	}
	return text
}

// closure returns s together with what it extends: what has to be resolved, and
// what is dropped of it.
func (s Spec) closure() Spec {
	if s.Extends == nil {
		return s
	}
	base := s.Extends.closure()
	s.Packages = append(append([]string{}, base.Packages...), s.Packages...)
	s.Assume = append(append([]string{}, base.Assume...), s.Assume...)
	s.Alone = append(append([]string{}, base.Alone...), s.Alone...)
	s.Drop = append(append([]string{}, base.Drop...), s.Drop...)
	s.Keep = append(append([]string{}, base.Keep...), s.Keep...)
	return s
}
