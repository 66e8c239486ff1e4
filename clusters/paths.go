package clusters

import (
	"cmp"
	"path/filepath"
)

// anchor makes the paths of this machine absolute; relative ones begin in dir.
func (t *Topology) anchor(dir string) {
	t.base = cmp.Or(dir, ".")
	absolute := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		full, err := filepath.Abs(filepath.Join(dir, path))
		if err != nil { // there is no working directory any more
			return path
		}
		return full
	}
	for i := range t.Manifests {
		t.Manifests[i].File = absolute(t.Manifests[i].File)
	}
	for i := range t.Groups {
		for j := range t.Groups[i].Mounts {
			t.Groups[i].Mounts[j].HostPath = absolute(t.Groups[i].Mounts[j].HostPath)
		}
	}
}

// PathsBegin is the folder in which relative paths of the configuration file begin;
// "" if there is no file.
func (t Topology) PathsBegin() string {
	full, err := filepath.Abs(t.base)
	if t.base == "" || err != nil {
		return ""
	}
	return full
}
