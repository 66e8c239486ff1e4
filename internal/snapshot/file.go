package snapshot

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// manifestLimit is far beyond any manifest, in bytes.
const manifestLimit = 64 << 20

// Export writes a snapshot as a tar archive: the manifest, and then the nodes' archives in its
// order. They are compared with the manifest on the way, so that an error can come late.
func (s Store) Export(ctx context.Context, m Manifest, out io.Writer) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	file := tar.NewWriter(out)
	if err := addEntry(file, m, manifestFile, int64(len(data)), bytes.NewReader(data)); err != nil {
		return err
	}
	for _, archive := range m.archives() {
		path := filepath.Join(m.Dir, archive.File)
		if err := checkArchive(path, archive); err != nil {
			return damaged(m.Cluster, m.Name, err)
		}
		in, err := os.Open(path)
		if err != nil {
			return damaged(m.Cluster, m.Name, err)
		}
		err = errors.Join(addEntry(file, m, archive.File, archive.Size, reader{ctx, in}), in.Close())
		if err != nil {
			return err
		}
	}
	return file.Close()
}

func addEntry(file *tar.Writer, m Manifest, name string, size int64, content io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: size, ModTime: m.Created.Truncate(time.Second)}
	if err := file.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(file, content)
	return err
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}

// File is what Export wrote, read as far as its manifest.
type File struct {
	Manifest Manifest

	entries *tar.Reader
}

// OpenFile begins to read a file. What is no snapshot is an error with advice.
func OpenFile(ctx context.Context, in io.Reader) (*File, error) {
	f := &File{entries: tar.NewReader(reader{ctx, in})}
	header, err := f.entries.Next()
	if err == nil && header.Name != manifestFile {
		err = fmt.Errorf("it begins with %q, not with a manifest", header.Name)
	}
	if err != nil {
		return nil, badFile(ctx, "this is no snapshot", err)
	}
	data, err := io.ReadAll(io.LimitReader(f.entries, manifestLimit))
	if err == nil {
		f.Manifest, err = decode(data)
	}
	if err == nil {
		_, err = Store{}.path(f.Manifest.Cluster, f.Manifest.Name)
	}
	if errors.Is(err, errFormat) {
		return nil, hint.SnapshotFormat.Wrap(err, "the snapshot cannot be read", "use the kindctl that took it")
	}
	if err != nil {
		return nil, badFile(ctx, "the manifest cannot be read", err)
	}
	return f, nil
}

func badFile(ctx context.Context, message string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return hint.SnapshotFile.Wrap(err, message+", and nothing was imported",
		"copy the file again, whole, or write it again: kindctl snapshot export SNAPSHOT FILE")
}

// Import puts what a file holds into the store, under another name unless that is "", once all of it is
// there and is what its manifest says. Without replace, a snapshot of that name is an error.
// The cluster must be locked.
func (s Store) Import(ctx context.Context, f *File, name string, replace bool) (m Manifest, err error) {
	m = f.Manifest
	if name != "" {
		m.Name = name
	}
	if err := s.EnsureFree(m.Cluster, m.Name, replace); err != nil {
		return m, err
	}
	d, err := s.create(m.Cluster, m.Name)
	if err != nil {
		return m, err
	}
	for _, archive := range m.archives() {
		if err = d.receive(f.entries, archive); err != nil {
			break
		}
	}
	if err == nil {
		if _, next := f.entries.Next(); !errors.Is(next, io.EOF) {
			err = errors.Join(errors.New("there is more in the file than its manifest says"), next)
		}
	}
	if err != nil {
		if _, isPath := errors.AsType[*os.PathError](err); isPath {
			return m, errors.Join(unwritable(err), d.discard())
		}
		return m, errors.Join(badFile(ctx, "the snapshot is truncated or was changed", err), d.discard())
	}
	if err := d.finish(m); err != nil {
		return m, errors.Join(err, d.discard())
	}
	m.Dir = d.final
	return m, nil
}

// receive writes the next entry into the draft, and compares it with what the manifest says.
func (d *draft) receive(entries *tar.Reader, want Archive) error {
	header, err := entries.Next()
	if err != nil {
		return err
	}
	if header.Name != want.File || header.Size != want.Size {
		return fmt.Errorf("%s with %d bytes is where %s with %d bytes should be", header.Name, header.Size, want.File, want.Size)
	}
	file, err := os.OpenFile(filepath.Join(d.dir, want.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), entries)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%s has been changed", want.File)
	}
	return nil
}
