// Command configure makes capshim Docker's default runtime in daemon.json. All
// other settings of the file stay as they are.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// configure rewrites the file atomically.
func configure(file, shim string) error {
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
	if err := os.WriteFile(file+".new", after, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// merge adds the runtime to Docker's settings.
func merge(settings []byte, shim string) ([]byte, error) {
	all := map[string]json.RawMessage{}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &all); err != nil {
			return nil, err
		}
	}
	runtimes := map[string]json.RawMessage{}
	if raw, there := all["runtimes"]; there {
		if err := json.Unmarshal(raw, &runtimes); err != nil {
			return nil, fmt.Errorf("runtimes: %w", err)
		}
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
	return json.MarshalIndent(all, "", "  ")
}
