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

// File is what Export or Push wrote, read as far as its manifest.
type File struct {
	Manifest Manifest

	// next is what comes after the manifest, until io.EOF.
	next func() (entry, error)
}

// entry is one of the parts of a File.
type entry struct {
	name    string
	size    int64
	content io.ReadCloser
}

// OpenFile begins to read a file. What is no snapshot is an error with advice.
func OpenFile(ctx context.Context, in io.Reader) (*File, error) {
	entries := tar.NewReader(reader{ctx, in})
	return beginFile(ctx, func() (entry, error) {
		header, err := entries.Next()
		if err != nil {
			return entry{}, err
		}
		return entry{header.Name, header.Size, io.NopCloser(entries)}, nil
	})
}

// beginFile reads the manifest.
func beginFile(ctx context.Context, next func() (entry, error)) (*File, error) {
	f := &File{next: next}
	first, err := next()
	if err == nil && first.name != manifestFile {
		err = errors.Join(fmt.Errorf("it begins with %q, not with a manifest", first.name), first.content.Close())
	}
	if err != nil {
		return nil, badFile(ctx, "not a snapshot", err)
	}
	data, err := io.ReadAll(io.LimitReader(first.content, manifestLimit))
	if err = errors.Join(err, first.content.Close()); err == nil {
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
	if hint.ReasonOf(err) == hint.SnapshotRegistry.Name { // the content is not known to be bad
		return err
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
		if err = d.receive(f.next, archive); err != nil {
			break
		}
	}
	if err == nil {
		if more, end := f.next(); end == nil {
			err = errors.Join(errors.New("there is more in it than its manifest says: "+more.name), more.content.Close())
		} else if !errors.Is(end, io.EOF) {
			err = end
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
func (d *draft) receive(next func() (entry, error), want Archive) error {
	found, err := next()
	if err != nil {
		return err
	}
	defer found.content.Close()
	if found.name != want.File || found.size != want.Size {
		return fmt.Errorf("%s with %d bytes is where %s with %d bytes should be", found.name, found.size, want.File, want.Size)
	}
	file, err := os.OpenFile(filepath.Join(d.dir, want.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), found.content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%s has been changed", want.File)
	}
	return nil
}
