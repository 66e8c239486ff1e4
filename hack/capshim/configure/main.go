// Command configure makes capshim Docker's default runtime in daemon.json. All
// other settings of the file stay as they are.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: configure DAEMON_JSON SHIM")
		os.Exit(2)
	}
	if err := configure(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "configure:", err)
		os.Exit(1)
	}
}

const name = "capshim"

// configure rewrites the file atomically; where it is a symbolic link, what it
// points to.
func configure(file, shim string) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	before, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	after, err := merge(before, shim)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode()
	}
	if err := os.WriteFile(file+".new", after, mode); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// replaceable are the default runtimes that the shim may take the place of: it
// becomes runc itself. Any other is the user's choice.
var replaceable = []string{"", "runc", "io.containerd.runc.v2", name}

// merge adds the runtime to Docker's settings.
func merge(settings []byte, shim string) ([]byte, error) {
	all, runtimes, current := map[string]json.RawMessage{}, map[string]json.RawMessage{}, ""
	if len(bytes.TrimSpace(settings)) > 0 {
		if err := json.Unmarshal(settings, &all); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(read(all, "runtimes", &runtimes), read(all, "default-runtime", &current)); err != nil {
		return nil, err
	}
	if !slices.Contains(replaceable, current) {
		return nil, fmt.Errorf("the default runtime is %q, which the shim cannot stand in front of; set \"default-runtime\" to \"runc\" if you can do without it", current)
	}
	var err error
	if runtimes[name], err = json.Marshal(map[string]string{"path": shim}); err != nil {
		return nil, err
	}
	if all["runtimes"], err = json.Marshal(runtimes); err != nil {
		return nil, err
	}
	if all["default-runtime"], err = json.Marshal(name); err != nil {
		return nil, err
	}
	merged, err := json.MarshalIndent(all, "", "  ")
	return append(merged, '\n'), err
}

// read decodes one setting; an absent or null one leaves into as it is.
func read(settings map[string]json.RawMessage, setting string, into any) error {
	raw, there := settings[setting]
	if !there || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return nil
}
