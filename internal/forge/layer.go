package forge

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// epoch is the time of every file in every layer: one time for all is what
// makes layers reproducible. It is a day that people recognise as made up.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// tree is what a layer holds, by path without leading slash. Later additions
// replace earlier ones of the same path.
type tree map[string]*entry

type entry struct {
	header tar.Header
	path   string // of a regular file's content on the host, if not in data
	data   []byte
	inode  *inode // of a file with several names
}

type inode struct{ dev, number uint64 }

func (t tree) put(name string, e *entry) *entry {
	e.header.Name = path.Clean(strings.TrimPrefix(name, "/"))
	t[e.header.Name] = e
	return e
}

// directory adds an empty directory.
func (t tree) directory(name string, mode int64) *entry {
	return t.put(name, &entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: mode}})
}

// text adds a file with the given content.
func (t tree) text(name string, mode int64, data string) *entry {
	return t.put(name, &entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(data))}, data: []byte(data)})
}

// symlink adds a symbolic link.
func (t tree) symlink(name, target string) *entry {
	return t.put(name, &entry{header: tar.Header{Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: target}})
}

// hardlink adds another name for a file of the same tree.
func (t tree) hardlink(name, target string) *entry {
	return t.put(name, &entry{header: tar.Header{Typeflag: tar.TypeLink, Mode: 0o755, Linkname: strings.TrimPrefix(target, "/")}})
}

// file adds a file of the host.
func (t tree) file(name string, mode int64, host string) error {
	info, err := os.Stat(host)
	if err != nil {
		return err
	}
	t.put(name, &entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: mode, Size: info.Size()}, path: host})
	return nil
}

// program adds an executable of the host.
func (t tree) program(name, host string) error { return t.file(name, 0o755, host) }

// owners says who owns the files of a host's folder in a layer.
type owners bool

const (
	root owners = false // 0:0, whoever owns them on the host
	same owners = true  // the same as on the host
)

// folder adds everything below a folder of the host, with its modes and file
// capabilities, under prefix. Paths that skip (may be nil) accepts are left out.
func (t tree) folder(prefix, host string, owner owners, skip func(fs.FileInfo) bool) error {
	return filepath.WalkDir(host, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(host, file)
		if skip != nil && skip(info) {
			if info.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return t.copy(path.Join(prefix, filepath.ToSlash(relative)), file, info, owner)
	})
}

func (t tree) copy(name, host string, info fs.FileInfo, owner owners) error {
	if path.Clean(name) == "." {
		return nil // the root of the file system belongs to whoever mounts it
	}
	if info.Mode()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) != 0 {
		return fmt.Errorf("%s is not a file, directory or link", host)
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		var err error
		if target, err = os.Readlink(host); err != nil {
			return err
		}
	}
	full, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	e := t.put(name, &entry{path: host, header: tar.Header{
		Typeflag: full.Typeflag, Mode: full.Mode, Size: full.Size, Linkname: full.Linkname,
	}})
	stat := info.Sys().(*syscall.Stat_t)
	if owner == same {
		e.header.Uid, e.header.Gid = int(stat.Uid), int(stat.Gid)
	}
	if full.Typeflag == tar.TypeReg && stat.Nlink > 1 {
		e.inode = &inode{stat.Dev, stat.Ino}
	}
	return e.capabilities()
}

// modes sets the modes of everything below dir: of directories and of files.
// Module caches keep none.
func (t tree) modes(dir string, directories, files int64) {
	for name, e := range t {
		if name != dir && !strings.HasPrefix(name, dir+"/") {
			continue
		}
		switch e.header.Typeflag {
		case tar.TypeDir:
			e.header.Mode = directories
		case tar.TypeReg:
			e.header.Mode = files
		}
	}
}

// capabilityRecord is how an archive names the one extended attribute that
// images may carry.
const capabilityRecord = "SCHILY.xattr.security.capability"

// capabilities copies that attribute.
func (e *entry) capabilities() error {
	const name = "security.capability"
	value := make([]byte, 64)
	n, err := unix.Lgetxattr(e.path, name, value)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", name, e.path, err)
	}
	e.header.PAXRecords = map[string]string{capabilityRecord: string(value[:n])}
	return nil
}
