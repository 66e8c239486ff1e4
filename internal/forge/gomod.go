package forge

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/mod/modfile"
)

// modules holds NAME.mod and NAME.sum, the go.mod and go.sum of the small
// module that each compiled component is built in, and the stubs: modules
// that an upstream go.mod names and that cannot be had, as txtar archives.
//
//go:embed modules
var modules embed.FS

// module is one of those small modules.
type module struct {
	name string
	// file is what it is called in modules/, or "" for its name.
	file string
	// stubs are local modules that its go.mod replaces others by: the folder
	// and the archive are called by the same name but for the ending.
	stubs map[string]string // folder: archive
	// unsummed names modules that the checksum database does not know;
	// NAME.sum alone vouches for them.
	unsummed string
	// own are the files of a module that is not in modules/.
	own map[string][]byte
}

func (m module) read(suffix string) []byte {
	data, err := modules.ReadFile("modules/" + cmp.Or(m.file, m.name) + suffix)
	if err != nil {
		panic(err) // embedded: a missing file is a mistake of ours
	}
	return data
}

// version returns the version of the module path that m requires.
func (m module) version(path string) string {
	file, err := modfile.ParseLax(m.name+".mod", m.read(".mod"), nil)
	if err != nil {
		panic(err)
	}
	for _, require := range file.Require {
		if require.Mod.Path == path {
			return require.Mod.Version
		}
	}
	panic(fmt.Sprintf("%s.mod does not require %s", m.name, path))
}

// files returns what the module's folder holds.
func (m module) files() map[string][]byte {
	if m.own != nil {
		return m.own
	}
	files := map[string][]byte{"go.mod": m.read(".mod"), "go.sum": m.read(".sum")}
	for folder, archive := range m.stubs {
		for _, file := range txtar.Parse(module{name: "stubs/" + archive}.read(".txt")).Files {
			files[filepath.Join(folder, file.Name)] = file.Data
		}
	}
	return files
}

// inputs returns everything that decides what the module builds from.
func (m module) inputs() (inputs [][]byte) {
	files := m.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		inputs = append(inputs, []byte(name), files[name])
	}
	return inputs
}

// write makes dir the module's folder.
func (m module) write(dir string) error {
	for name, data := range m.files() {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
