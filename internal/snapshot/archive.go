package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// write compresses what pack writes into a file of the draft.
func (d *draft) write(name string, pack func(io.Writer) error) (Archive, error) {
	file, err := os.OpenFile(filepath.Join(d.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Archive{}, err
	}
	sum := sha256.New()
	compressed, err := zstd.NewWriter(io.MultiWriter(file, sum), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return Archive{}, errors.Join(err, file.Close())
	}
	err = errors.Join(pack(compressed), compressed.Close())
	written, seekErr := file.Seek(0, io.SeekCurrent)
	return Archive{File: name, Size: written, SHA256: hex.EncodeToString(sum.Sum(nil))}, errors.Join(err, seekErr, file.Close())
}

// read decompresses an archive of a snapshot for use.
func (s Store) read(m Manifest, archive Archive, use func(io.Reader) error) error {
	file, err := os.Open(filepath.Join(m.Dir, archive.File))
	if err != nil {
		return damaged(m.Cluster, m.Name, err)
	}
	defer file.Close()
	plain, err := zstd.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", archive.File, err)
	}
	defer plain.Close()
	return use(plain)
}

// checkArchive compares a file with what a manifest says of it.
func checkArchive(path string, want Archive) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	switch {
	case err != nil:
		return err
	case size != want.Size:
		return fmt.Errorf("%s has %d bytes, not %d", want.File, size, want.Size)
	case hex.EncodeToString(sum.Sum(nil)) != want.SHA256:
		return fmt.Errorf("%s has been changed", want.File)
	}
	return nil
}
