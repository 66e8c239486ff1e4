package forge

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// blob is a layer on disk: an uncompressed tar archive, because it never
// crosses a network and gzip would cost more than everything else. It is a
// v1.Layer.
type blob struct {
	path string
	hash v1.Hash
	size int64
}

// layerSuffix ends the name of a layer's archive; the archive's hash and size
// are in a file beside it.
const layerSuffix = ".tar"

// store writes the tree as a layer to path, which ends in layerSuffix.
func (t tree) store(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	hash := sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(file, hash), 1<<20)
	if err := t.write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	return writeJSON(path+".json", blobRecord{Hash: hex.EncodeToString(hash.Sum(nil)), Size: size})
}

type blobRecord struct {
	Hash string `json:"sha256"`
	Size int64  `json:"size"`
}

// openBlob returns the layer that store wrote to path.
func openBlob(path string) (*blob, error) {
	var record blobRecord
	if err := readJSON(path+".json", &record); err != nil {
		return nil, err
	}
	return &blob{path: path, size: record.Size, hash: v1.Hash{Algorithm: "sha256", Hex: record.Hash}}, nil
}

// link gives the layer a second home, so that either may be removed.
func (b *blob) link(path string) error {
	return errors.Join(os.Link(b.path, path), os.Link(b.path+".json", path+".json"))
}

// Digest returns the hash of the archive.
func (b *blob) Digest() (v1.Hash, error) { return b.hash, nil }

// DiffID returns the same, as nothing is compressed.
func (b *blob) DiffID() (v1.Hash, error) { return b.hash, nil }

// Compressed opens the archive, which is not compressed.
func (b *blob) Compressed() (io.ReadCloser, error) { return os.Open(b.path) }

// Uncompressed opens the archive.
func (b *blob) Uncompressed() (io.ReadCloser, error) { return os.Open(b.path) }

// Size returns the size of the archive in bytes.
func (b *blob) Size() (int64, error) { return b.size, nil }

// MediaType says that the archive is not compressed.
func (b *blob) MediaType() (types.MediaType, error) { return types.DockerUncompressedLayer, nil }

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

func readJSON(path string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
}
