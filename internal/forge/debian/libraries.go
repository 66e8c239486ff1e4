package debian

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// checkLibraries makes sure that every program and library of tree finds the
// libraries that it is linked with, in tree itself or in base (nil if none):
// a package may be trimmed too much, or depend on more than yesterday.
func checkLibraries(tree, base fs.FS) error {
	objects, err := dynamicObjects(tree)
	if err != nil {
		return err
	}
	present := map[string]bool{} // directory and name of every file
	for _, layer := range []fs.FS{tree, base} {
		if layer == nil {
			continue
		}
		err := fs.WalkDir(layer, ".", func(name string, entry fs.DirEntry, err error) error {
			present[name] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	var missing []string
	for _, o := range objects {
		for _, library := range o.needed {
			found := slices.ContainsFunc(o.search, func(dir string) bool { return present[path.Join(dir, library)] })
			if !found {
				missing = append(missing, o.name+" needs "+library)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	sort.Strings(missing)
	return hint.New(hint.Internal, "DEBIAN_LIBRARIES", "programs would miss libraries: "+strings.Join(missing, ", "),
		"This is a defect of kindctl's package lists: please report it with the line above.")
}

// object is a program or a shared library.
type object struct {
	name   string
	needed []string
	search []string // directories
}

// dynamicObjects returns the ELF files of tree that are linked dynamically.
func dynamicObjects(tree fs.FS) (objects []object, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		o, err := readObject(tree, name)
		if err == nil && len(o.needed) > 0 {
			objects = append(objects, o)
		}
		return err
	})
	return objects, err
}

// readObject reads what an ELF file is linked with; other files need nothing.
func readObject(tree fs.FS, name string) (object, error) {
	opened, err := tree.Open(name)
	if err != nil {
		return object{}, err
	}
	defer opened.Close()
	file, ok := opened.(*os.File)
	if !ok {
		return object{}, fmt.Errorf("%s: not a file of a directory", name)
	}
	magic := make([]byte, len(elf.ELFMAG))
	if _, err := file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return object{}, err
	}
	if string(magic) != elf.ELFMAG {
		return object{}, nil
	}
	binary, err := elf.NewFile(file)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", name, err)
	}
	needed, err := binary.ImportedLibraries()
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", name, err)
	}
	paths, _ := binary.DynString(elf.DT_RUNPATH)
	older, _ := binary.DynString(elf.DT_RPATH)
	return object{name: name, needed: needed, search: searchPath(name, append(paths, older...))}, nil
}

// builtIn are the directories that Debian's dynamic loader searches without a
// cache, for the architectures in use.
var builtIn = []string{"usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib", "usr/lib64"}

func searchPath(name string, runpaths []string) (dirs []string) {
	for _, runpath := range runpaths {
		for _, dir := range strings.Split(runpath, ":") {
			dir = strings.NewReplacer("$ORIGIN", "/"+path.Dir(name), "${ORIGIN}", "/"+path.Dir(name)).Replace(dir)
			dirs = append(dirs, place(strings.TrimPrefix(path.Clean(dir), "/")))
		}
	}
	// A library beside this one was loaded by the program that uses both.
	return append(append(dirs, builtIn...), path.Dir(name))
}
