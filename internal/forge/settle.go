package forge

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// settle makes a database of containerd depend on nothing but what is in it:
// the times at which entries were made become one fixed time, and the pages
// are written in order into a new file.
func settle(path string) error {
	return errors.Join(fixTimes(path), compact(path))
}

func fixTimes(path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Minute})
	if err != nil {
		return err
	}
	fixed, err := epoch.MarshalBinary()
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, bucket *bolt.Bucket) error { return fixBucket(bucket, fixed) })
	})
	return errors.Join(err, db.Close())
}

func fixBucket(bucket *bolt.Bucket, fixed []byte) error {
	var nested, times [][]byte
	err := bucket.ForEach(func(key, value []byte) error {
		switch {
		case value == nil:
			nested = append(nested, key)
		case string(key) == "createdat" || string(key) == "updatedat":
			times = append(times, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range times {
		if err := bucket.Put(key, fixed); err != nil {
			return err
		}
	}
	for _, key := range nested {
		if err := fixBucket(bucket.Bucket(key), fixed); err != nil {
			return err
		}
	}
	return nil
}

// compact copies one key per transaction: within a transaction, bolt writes
// its buckets in random order.
func compact(path string) error {
	old, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Minute})
	if err != nil {
		return err
	}
	fresh, err := bolt.Open(path+".new", 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		return errors.Join(err, old.Close())
	}
	if err := errors.Join(bolt.Compact(fresh, old, 1), fresh.Sync(), fresh.Close(), old.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func copyFile(from, to string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

func cloneDirectory(path string, like fs.FileInfo) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	stat := like.Sys().(*syscall.Stat_t)
	return errors.Join(os.Mkdir(path, 0o700), os.Lchown(path, int(stat.Uid), int(stat.Gid)), os.Chmod(path, like.Mode()))
}
