package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// documentKind says where in a document the process is.
type documentKind int

const (
	configDocument  documentKind = iota // process is one field of many
	processDocument                     // the process itself
)

// document finds the file that holds the capabilities: the bundle's
// config.json for create and run, the process file for exec. It returns an
// empty path for every other runtime command.
func document(args []string) (path string, kind documentKind) {
	_, command := parse(args)
	if len(command) == 0 {
		return "", 0
	}
	flags, _ := parse(command[1:])
	switch command[0] {
	case "exec":
		return cmp.Or(flags["process"], flags["p"]), processDocument
	case "create", "run":
		return filepath.Join(cmp.Or(flags["bundle"], flags["b"]), "config.json"), configDocument
	}
	return "", 0
}

// booleans are the flags of runc, of its create, run and exec, that take no
// value. Every other flag takes one.
var booleans = []string{
	"debug", "systemd-cgroup", "help", "h", "version", "v",
	"no-pivot", "no-new-keyring", "no-subreaper", "keep",
	"detach", "d", "tty", "t", "no-new-privs", "ignore-paused",
}

// parse splits arguments into the leading flags and the rest, as runc does: a
// flag has one or two dashes, and its value comes after "=" or is the next
// argument. Of the rest nothing is a flag, whatever it looks like.
func parse(args []string) (flags map[string]string, rest []string) {
	flags = map[string]string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		if args[0] == "--" {
			return flags, args[1:]
		}
		name, value, given := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		args = args[1:]
		if !given && !slices.Contains(booleans, name) && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		flags[name] = value
	}
	return flags, args
}
