package forge

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
)

// write writes the tree as a tar archive that depends on nothing but what
// the tree holds: sorted, one time for all, parents first.
func (t tree) write(w io.Writer) error {
	t.addParents()
	archive := tar.NewWriter(w)
	first := map[inode]string{}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if err := t[name].write(archive, first); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return archive.Close()
}

func (t tree) addParents() {
	for name := range t {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := t[dir]; !ok {
				t.directory(dir, 0o755)
			}
		}
	}
}

func (e *entry) write(archive *tar.Writer, first map[inode]string) error {
	header := e.header
	header.ModTime, header.Format = epoch, tar.FormatPAX
	if header.Typeflag == tar.TypeDir {
		header.Name += "/"
	}
	if e.inode != nil {
		if target, seen := first[*e.inode]; seen {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, target, 0
			return archive.WriteHeader(&header)
		}
		first[*e.inode] = header.Name
	}
	if err := archive.WriteHeader(&header); err != nil || header.Typeflag != tar.TypeReg {
		return err
	}
	if e.path == "" {
		_, err := io.Copy(archive, bytes.NewReader(e.data))
		return err
	}
	file, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(archive, file)
	return err
}
