// Command capshim is an OCI runtime that stands in front of runc on hosts
// whose capability bounding set is incomplete. Such a host cannot grant what
// "docker run --privileged" asks for, and runc refuses the whole container.
// The shim takes the capabilities that the host lacks out of the container's
// specification and then becomes runc.
//
// Docker uses it as a default runtime named in daemon.json. Every container
// start and every exec passes through, so it does no more than one read and
// one write of a small JSON document.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "capshim:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if path, kind := document(args); path != "" {
		missing, err := missingCapabilities()
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			if err := rewrite(path, kind, missing); err != nil {
				return fmt.Errorf("rewrite %s: %w", path, err)
			}
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	return syscall.Exec(runc, append([]string{"runc"}, args...), os.Environ())
}

// document finds the file that holds the capabilities: the bundle's
// config.json for create and run, the process file for exec. It returns an
// empty path for every other runtime command.
func document(args []string) (path string, kind documentKind) {
	at := command(args)
	if at < 0 {
		return "", 0
	}
	switch options := args[at+1:]; args[at] {
	case "exec":
		return option(options, "--process", "-p"), processDocument
	case "create", "run":
		return filepath.Join(option(options, "--bundle", "-b"), "config.json"), configDocument
	}
	return "", 0
}

// valued are runc's global flags that take a value in the next argument.
var valued = []string{"--root", "--log", "--log-format", "--criu", "--rootless"}

// command returns the place of the runtime command: the first argument that is
// neither a global flag nor the value of one.
func command(args []string) int {
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return i
		}
		if slices.Contains(valued, args[i]) {
			i++
		}
	}
	return -1
}

type documentKind int

const (
	configDocument  documentKind = iota // process is one field of many
	processDocument                     // the process itself
)

// option returns the value of a flag given as "--flag value" or "--flag=value".
func option(args []string, names ...string) string {
	for i, arg := range args {
		for _, name := range names {
			if arg == name && i+1 < len(args) {
				return args[i+1]
			}
			if value, ok := strings.CutPrefix(arg, name+"="); ok {
				return value
			}
		}
	}
	return ""
}

// rewrite removes capabilities from the document and leaves every other field
// exactly as it was.
func rewrite(path string, kind documentKind, missing map[string]bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if kind == configDocument {
		data, err = editField(data, "process", func(process json.RawMessage) (json.RawMessage, error) {
			return dropCapabilities(process, missing)
		})
	} else {
		data, err = dropCapabilities(data, missing)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, info.Mode())
}

func dropCapabilities(process json.RawMessage, missing map[string]bool) (json.RawMessage, error) {
	return editField(process, "capabilities", func(raw json.RawMessage) (json.RawMessage, error) {
		var sets map[string][]string
		if err := json.Unmarshal(raw, &sets); err != nil {
			return nil, err
		}
		for name, set := range sets {
			sets[name] = slices.DeleteFunc(set, func(capability string) bool { return missing[capability] })
		}
		return json.Marshal(sets)
	})
}

// editField replaces one field of a JSON object; an absent or null field stays.
func editField(object json.RawMessage, name string, edit func(json.RawMessage) (json.RawMessage, error)) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	if raw, ok := fields[name]; ok && string(raw) != "null" {
		edited, err := edit(raw)
		if err != nil {
			return nil, err
		}
		fields[name] = edited
	}
	return json.Marshal(fields)
}
