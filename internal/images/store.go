package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Store keeps image archives between clusters, one file for each image.
type Store struct {
	Dir string
}

// lockRetry is how often a process looks whether another one has finished
// fetching the same image; file locks cannot be waited for with a context.
const lockRetry = 200 * time.Millisecond

// Get returns the file that holds image, calling fetch to fill it when it is
// not there. Processes that want the same image at once fetch it once.
func (s *Store) Get(ctx context.Context, image string, fetch func(path string) error) (string, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", err
	}
	path := s.path(image)
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return "", err
	}
	defer lock.Unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	partial := path + ".partial"
	defer os.Remove(partial)
	if err := fetch(partial); err != nil {
		return "", err
	}
	return path, os.Rename(partial, path)
}

// path is where an image is kept.
func (s *Store) path(image string) string {
	sum := sha256.Sum256([]byte(image))
	return filepath.Join(s.Dir, hex.EncodeToString(sum[:16])+".tar")
}

// write saves an image to a file, under the name ref.
func write(path string, ref name.Reference, image v1.Image, options ...tarball.WriteOption) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(tarball.Write(ref, image, file, options...), file.Close())
}
