package forge

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// Status is the state of one component.
type Status struct {
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	Key      string        `json:"key"` // hash of everything that decides it
	Built    bool          `json:"built"`
	Finished time.Time     `json:"finished,omitzero"`              // when it was built
	Size     int64         `json:"size,omitempty"`                 // bytes on disk
	Duration time.Duration `json:"durationNanoseconds,omitempty"`  // how long it took to build
	Estimate time.Duration `json:"estimatedNanoseconds,omitempty"` // how long it may take, if not built
}

// Components returns the state of everything that goes into the images of
// spec, in the order in which it is built.
func Components(spec Spec, options Options) ([]Status, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	store, err := openCache(options.CacheDir)
	if err != nil {
		return nil, err
	}
	release, err := releaseOf(spec.Kubernetes)
	if err != nil {
		return nil, err
	}
	g := recipe(release)
	b := &builder{cache: store, graph: g, keys: g.keys()}
	wanted := map[string]bool{}
	for _, target := range spec.targets(release, b.keys) {
		g.reach(target.component, wanted)
	}
	var list []Status
	for _, c := range g {
		if wanted[c.name] {
			list = append(list, b.status(c))
		}
	}
	return list, nil
}

// reach adds name and everything that it needs to set.
func (g graph) reach(name string, set map[string]bool) {
	if set[name] {
		return
	}
	set[name] = true
	for _, need := range g.find(name).needs {
		g.reach(need, set)
	}
}

func (b *builder) status(c component) Status {
	s := Status{Name: c.name, Title: c.title, Key: b.keys[c.name]}
	r, ok := b.cache.lookup(c.name, s.Key)
	if !ok {
		s.Estimate = b.expected(c)
		return s
	}
	s.Built, s.Finished, s.Duration = true, r.Finished, r.Duration
	s.Size = folderSize(b.cache.path(c.name, s.Key))
	return s
}

// folderSize adds up the sizes of the files below dir. A file that goes
// meanwhile counts for nothing.
func folderSize(dir string) int64 { return sizeWhere(dir, func(*syscall.Stat_t) bool { return true }) }

// uniqueSize leaves out the files that have another name somewhere.
func uniqueSize(dir string) int64 {
	return sizeWhere(dir, func(stat *syscall.Stat_t) bool { return stat.Nlink == 1 })
}

func sizeWhere(dir string, counts func(*syscall.Stat_t) bool) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err == nil && counts(info.Sys().(*syscall.Stat_t)) {
			size += info.Size()
		}
		return nil
	})
	return size
}
