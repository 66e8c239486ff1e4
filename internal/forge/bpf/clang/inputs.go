package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// call is one that compiles a program and writes the object to standard output.
type call struct {
	args    []string
	folders []string // where headers are looked for
	source  string
}

// parse returns what the agent wants compiled, or false for any other call.
func parse(args []string) (c call, compiles bool) {
	c.args = args
	output := ""
	for i, arg := range args {
		switch {
		case strings.HasPrefix(arg, "-I"):
			c.folders = append(c.folders, arg[2:])
		case arg == "-c" && i+1 < len(args):
			c.source = args[i+1]
		case arg == "-o" && i+1 < len(args):
			output = args[i+1]
		}
	}
	return c, c.source != "" && output == "-" && !slices.Contains(args, "-E")
}

// inputs are everything that decides what the compiler makes of a call.
type inputs struct {
	args    []string
	folder  string            // where the compiler is called, which an object names
	library map[string][]byte // Cilium's sources, and what the agent found the kernel to have
	headers map[string]header // what the agent wrote for its settings
}

type header struct{ text, masked []byte }

// read reads the folder of the source with all below it, and the headers in the
// other folders.
func (c call) read() (inputs, error) {
	in := inputs{args: c.args, library: map[string][]byte{}, headers: map[string]header{}}
	var err error
	if in.folder, err = os.Getwd(); err != nil {
		return in, err
	}
	library := filepath.Dir(c.source)
	err = filepath.WalkDir(library, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			in.library[name], err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		return in, err
	}
	for _, folder := range c.folders {
		if folder == library || strings.HasPrefix(folder, library+"/") {
			continue
		}
		names, err := filepath.Glob(filepath.Join(folder, "*.h"))
		if err != nil {
			return in, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return in, err
			}
			in.headers[name] = header{text, mask(text)}
		}
	}
	return in, nil
}

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	// gateway is the one definition that differs between nodes and that no program
	// uses, unless Cilium masquerades or replaces kube-proxy.
	gateway = regexp.MustCompile(`(?m)^(#define IPV4_GATEWAY) .*$`)
)

// mask takes out of a header what differs between nodes with the same settings:
// the comments, which name addresses, and the node's own definition. Lines stay
// where they are, as their numbers are part of an object.
func mask(text []byte) []byte {
	text = comment.ReplaceAllFunc(text, func(found []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(found, []byte("\n")))
	})
	return gateway.ReplaceAll(text, []byte("$1 differs_between_nodes"))
}

// template matches the folder that the agent names by a hash of its settings.
var template = regexp.MustCompile(`/templates/[0-9a-f]{64}\b`)

// key is a hash of the inputs, with the headers as they are masked.
func (in inputs) key() string {
	hash := sha256.New()
	add := func(name string, text []byte) {
		fmt.Fprintf(hash, "%s %d\n", template.ReplaceAllString(name, "/templates"), len(text))
		hash.Write(text)
	}
	for _, arg := range append([]string{in.folder}, in.args...) {
		add(arg, nil)
	}
	for _, name := range slices.Sorted(maps.Keys(in.library)) {
		add(name, in.library[name])
	}
	for _, name := range slices.Sorted(maps.Keys(in.headers)) {
		add(name, in.headers[name].masked)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// own turns an object that was made of the masked headers into the one that the
// compiler makes of the node's: its line table has a checksum of each header.
func (in inputs) own(object []byte) []byte {
	for _, header := range in.headers {
		masked, text := md5.Sum(header.masked), md5.Sum(header.text)
		object = bytes.ReplaceAll(object, masked[:], text[:])
	}
	return object
}
