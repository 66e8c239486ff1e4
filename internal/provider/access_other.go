//go:build !unix

package provider

import (
	"errors"
	"os"
)

// checkWritable reports whether files can be made in a directory. Only trying shows it.
func checkWritable(dir string) error {
	file, err := os.CreateTemp(dir, ".kindctl-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
