// Package bpf carries what has Cilium's BPF programs compiled while an image is
// built and not whenever an agent starts.
//
// The agent writes headers for its settings, and runs clang on Cilium's sources
// at every start: several seconds of a processor on every node, for the same
// objects on all of them. Two programs, which are compiled for the image, spare
// the nodes that:
//
//   - precompile is Cilium's agent up to where it would begin to work. It reads
//     settings as the agent does, has the agent's own code write the headers, and
//     calls clang as the agent does.
//   - clang stands in the compiler's place. It knows the objects that are there
//     by a hash of everything that decides them: arguments, sources, and headers
//     without what each node has of its own. It hands out those, and has the
//     compiler make the others. Each call leaves a line in /run/cilium of the
//     node, hit or miss.
//
// A hit is what the compiler would have made, byte for byte: an object is kept
// under the hash of the very text that it was compiled from, and what was left out
// of that text cannot be used in it, or it would not have compiled.
package bpf

import (
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"strings"
)

// ClangPackage and PrecompilePackage are the packages to build: of the module
// in Clang, and of Cilium's module together with Precompile.
const (
	ClangPackage      = "./clang"
	PrecompilePackage = "./precompile"
)

//go:embed go.mod.txt clang/*.go
var clang embed.FS

// Clang returns the module of the program in clang's place, file name to content.
func Clang() map[string][]byte {
	module := map[string][]byte{}
	// Walking and reading what is embedded cannot fail.
	_ = fs.WalkDir(clang, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := clang.ReadFile(name)
		module[strings.TrimSuffix(name, ".txt")] = content
		return err
	})
	return module
}

// Precompile is the program precompile. Its ending keeps it out of our own
// module, which does not require Cilium's.
//
//go:embed precompile/main.go.txt
var Precompile []byte

//go:embed settings.json
var settings []byte

// Settings returns what kindctl gives agents: for each kind of cluster whose
// programs differ, the files of their ConfigMap. A test of addons/cilium holds
// that it does.
func Settings() map[string]map[string]string {
	var kinds map[string]map[string]string
	if err := json.Unmarshal(settings, &kinds); err != nil {
		panic(err) // embedded: a mistake of ours
	}
	all := kinds["all"]
	delete(kinds, "all")
	for _, kind := range kinds {
		maps.Copy(kind, all)
	}
	return kinds
}

// Places in the agent's image.
const (
	Compiler = "usr/bin/clang"
	Objects  = "var/lib/cilium/compiled"
)
