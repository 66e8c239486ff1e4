package forge

import (
	"archive/tar"
	"crypto/sha256"
	"io"
	"maps"
	"os"
	"slices"
)

// leastShared is the size in bytes from which equal files are worth finding:
// programs, of which several images hold the same.
const leastShared = 1 << 20

// share makes equal files of the tree one file with several names.
func (t tree) share() error {
	type likeness struct {
		size, mode int64
		uid, gid   int
		xattrs     string
	}
	alike := map[likeness][]*entry{}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		e := t[name]
		h := e.header
		if h.Typeflag != tar.TypeReg || h.Size < leastShared || e.path == "" || e.inode != nil {
			continue
		}
		l := likeness{h.Size, h.Mode, h.Uid, h.Gid, h.PAXRecords[capabilityRecord]}
		alike[l] = append(alike[l], e)
	}
	number := uint64(0)
	for _, entries := range alike {
		if len(entries) < 2 {
			continue
		}
		inodes := map[[sha256.Size]byte]*inode{}
		for _, e := range entries {
			sum, err := hashFile(e.path)
			if err != nil {
				return err
			}
			if inodes[sum] == nil {
				number++
				inodes[sum] = &inode{dev: sharedDevice, number: number}
			}
			e.inode = inodes[sum]
		}
	}
	return nil
}

// sharedDevice is the device of inodes that share makes: no file of a host
// has it.
const sharedDevice = ^uint64(0)

func hashFile(path string) (sum [sha256.Size]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}
