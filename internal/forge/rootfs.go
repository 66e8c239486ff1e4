package forge

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/internal/forge/debian"
)

const (
	rootFolder = "root"               // a file system tree in a component's folder
	rootLayer  = "root" + layerSuffix // the same as a layer
)

// fileSystem is a file system of Debian packages, as a folder and a layer.
func fileSystem(name, title string, spec debian.Spec, estimate time.Duration) component {
	return component{
		name: name, title: title, lane: unpack, estimate: estimate,
		inputs: [][]byte{spec.Inputs(), layerCode},
		build: func(ctx context.Context, w *work) error {
			dir := filepath.Join(w.dir, rootFolder)
			spec.Name = name
			if err := debian.Build(ctx, spec, dir, w.sink); err != nil {
				return err
			}
			files := tree{}
			if err := files.folder("", dir, root, nil); err != nil {
				return err
			}
			return files.store(filepath.Join(w.dir, rootLayer))
		},
	}
}

// static is the base of images that hold static programs only: the few files
// that the Go library reads.
func static() component {
	return component{
		name: "static", title: "Base of static images", lane: assemble, estimate: time.Second,
		needs: []string{"userland"}, inputs: [][]byte{layerCode},
		build: func(_ context.Context, w *work) error {
			t := tree{}
			t.text("etc/passwd", 0o644, "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
			t.text("etc/group", 0o644, "root:x:0:\nnonroot:x:65532:\n")
			t.text("etc/nsswitch.conf", 0o644, "hosts: files dns\n")
			t.directory("tmp", 0o1777)
			t.directory("root", 0o700)
			const certificates = "etc/ssl/certs/ca-certificates.crt"
			if err := t.file(certificates, 0o644, w.path("userland", rootFolder, certificates)); err != nil {
				return err
			}
			return t.store(filepath.Join(w.dir, rootLayer))
		},
	}
}

func mkdirFor(file string) error { return os.MkdirAll(filepath.Dir(file), 0o755) }
