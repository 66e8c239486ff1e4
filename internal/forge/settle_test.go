package forge

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// writeDatabase makes a database shaped like containerd's, at some time.
func writeDatabase(t *testing.T, path string, now time.Time) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	stamp, _ := now.MarshalBinary()
	for i := range 40 {
		err := db.Update(func(tx *bolt.Tx) error {
			v1, _ := tx.CreateBucketIfNotExists([]byte("v1"))
			images, _ := v1.CreateBucketIfNotExists([]byte("images"))
			image, _ := images.CreateBucketIfNotExists(fmt.Appendf(nil, "image-%d", i))
			_ = image.Put([]byte("createdat"), stamp)
			_ = image.Put([]byte("target"), bytes.Repeat([]byte("x"), 300))
			labels, _ := image.CreateBucketIfNotExists([]byte("labels"))
			return labels.Put([]byte("pinned"), []byte("yes"))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSettledDatabasesOfEqualContentAreEqual(t *testing.T) {
	dir := t.TempDir()
	var files [3][]byte
	for i := range files {
		path := filepath.Join(dir, fmt.Sprint(i, ".db"))
		writeDatabase(t, path, time.Date(2020, 1, 1+i, 0, 0, i, 0, time.UTC))
		if err := settle(path); err != nil {
			t.Fatal(err)
		}
		files[i], _ = os.ReadFile(path)
	}
	if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[0], files[2]) {
		t.Error("databases that differ in times only are not equal after settling")
	}

	db, err := bolt.Open(filepath.Join(dir, "0.db"), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		image := tx.Bucket([]byte("v1")).Bucket([]byte("images")).Bucket([]byte("image-7"))
		var made time.Time
		if err := made.UnmarshalBinary(image.Get([]byte("createdat"))); err != nil || !made.Equal(epoch) {
			t.Errorf("createdat is %v (%v), not %v", made, err, epoch)
		}
		if got := image.Bucket([]byte("labels")).Get([]byte("pinned")); string(got) != "yes" {
			t.Errorf("the label is %q after settling", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
