package debian

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
)

// mergedUsr are the top directories that are links into usr since Debian 12.
var mergedUsr = []string{"bin", "lib", "lib64", "sbin"}

// unpack writes the files of a .deb that trim leaves into root.
func unpack(ctx context.Context, deb string, root *os.Root, trim trimmer) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	cmd.WaitDelay = killDelay
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = untar(out, root, trim)
	_, _ = io.Copy(io.Discard, out) // padding, or what an error left
	if failed := cmd.Wait(); failed != nil {
		err = errors.Join(err, fmt.Errorf("dpkg-deb: %w: %s", failed, strings.TrimSpace(stderr.String())), ctx.Err())
	}
	return err
}

func untar(r io.Reader, root *os.Root, trim trimmer) error {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := place(header.Name)
		if name == "." || trim.drops(name) {
			continue
		}
		if err := extract(root, name, header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// place returns where a file of a package lies in a tree with a merged usr.
func place(name string) string {
	name = path.Clean(name)
	top, _, _ := strings.Cut(name, "/")
	for _, merged := range mergedUsr {
		if top == merged {
			return "usr/" + name
		}
	}
	return name
}

func extract(root *os.Root, name string, header *tar.Header, content io.Reader) error {
	if err := makeDir(root, path.Dir(name)); err != nil {
		return err
	}
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := makeDir(root, name); err != nil {
			return err
		}
		return root.Chmod(name, mode)
	case tar.TypeReg:
		return writeFile(root, name, content, mode)
	case tar.TypeSymlink:
		return relink(root, name, func() error { return root.Symlink(header.Linkname, name) })
	case tar.TypeLink:
		return relink(root, name, func() error { return root.Link(place(header.Linkname), name) })
	}
	return fmt.Errorf("unexpected type %q in a package", header.Typeflag)
}

// makeDir makes a directory with those above it, as far as they are missing,
// for everybody to read whatever the umask is.
func makeDir(root *os.Root, name string) error {
	if info, err := root.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := makeDir(root, path.Dir(name)); err != nil {
		return err
	}
	return errors.Join(root.Mkdir(name, 0o755), root.Chmod(name, 0o755))
}

// writeText makes a file and the directories above it.
func writeText(root *os.Root, name string, text []byte) error {
	if err := makeDir(root, path.Dir(name)); err != nil {
		return err
	}
	return writeFile(root, name, bytes.NewReader(text), 0o644)
}

func writeFile(root *os.Root, name string, content io.Reader, mode fs.FileMode) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode), file.Close())
}

// relink makes a link, in the place of one that an earlier package made.
func relink(root *os.Root, name string, link func() error) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return link()
}
