// Command pack puts what CNIs are installed from into the folder that is embedded
// into kindctl. What is there already is checked and kept; what is not of this
// version is removed. It runs in the folder internal/charts or in the module's root.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/pkg/hint"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := pack(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pack: %v\n%s\n", err, hint.AdviceOf(err))
		os.Exit(1)
	}
}

func pack(ctx context.Context) error {
	dir := "embedded"
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		dir = filepath.Join("internal", "charts", "embedded")
	}
	wanted := map[string]bool{".gitignore": true}
	for _, bundle := range charts.All {
		wanted[bundle.File()] = true
		if err := put(ctx, bundle, filepath.Join(dir, bundle.File())); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if !wanted[entry.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}

// put writes a bundle, unless the file holds it.
func put(ctx context.Context, bundle charts.Bundle, file string) error {
	if packed, err := os.ReadFile(file); err == nil {
		if _, err := bundle.Open(packed); err == nil {
			return nil
		}
	}
	packed, err := charts.FromModule(ctx, bundle, nil)
	if err != nil {
		return err
	}
	return os.WriteFile(file, packed, 0o644)
}
