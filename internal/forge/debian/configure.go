package debian

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// configure does in the tree what the packages' maintainer scripts would do
// on a machine, as far as a container needs it. Each step looks for what it
// works on, so that it fits every Spec.
func configure(root *os.Root, s Spec) error {
	steps := []func() error{
		func() error { return copyDefaults(root) },
		func() error { return addUsers(root, s.Users) },
		func() error { return bundleCertificates(root) },
		func() error { return alternatives(root) },
		func() error { return makeDirs(root, s.Dirs) },
		func() error { return makeLinks(root, s.Links) },
	}
	if s.Extends == nil {
		steps = append(steps, func() error { return makeRuntimeLinks(root) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// defaults are files that scripts copy into place: source to destination.
var defaults = map[string]string{
	"usr/share/base-passwd/passwd.master": "etc/passwd",
	"usr/share/base-passwd/group.master":  "etc/group",
	"usr/share/libc-bin/nsswitch.conf":    "etc/nsswitch.conf",
	"usr/share/base-files/profile":        "etc/profile",
	"usr/share/base-files/dot.bashrc":     "root/.bashrc",
	"usr/share/base-files/dot.profile":    "root/.profile",
}

func copyDefaults(root *os.Root) error {
	for from, to := range defaults {
		content, err := root.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := writeText(root, to, content); err != nil {
			return err
		}
	}
	return nil
}

// addUsers appends accounts to etc/passwd.
func addUsers(root *os.Root, users []User) error {
	if len(users) == 0 {
		return nil
	}
	const file = "etc/passwd"
	content, err := root.ReadFile(file)
	if err != nil {
		return err
	}
	for _, u := range users {
		content = fmt.Appendf(content, "%s:x:%d:65534::%s:/usr/sbin/nologin\n", u.Name, u.ID, u.Home)
	}
	return writeText(root, file, content)
}

// linkName is how update-ca-certificates makes a link's name of a file's.
var linkName = strings.NewReplacer(" ", "_", "(", "=", ")", "=", ",", "_")

// bundleCertificates joins the certificates of ca-certificates into the file
// that programs read. Where update-ca-certificates is there, it also makes the
// links that this program takes as a record of what it did, so that a later
// call adds what is new and nothing else.
func bundleCertificates(root *os.Root) error {
	const dir = "usr/share/ca-certificates"
	var names []string
	var bundle bytes.Buffer
	err := fs.WalkDir(root.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := root.ReadFile(name)
		names = append(names, strings.TrimPrefix(name, dir+"/"))
		bundle.Write(bytes.TrimSpace(content))
		bundle.WriteByte('\n')
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	links := map[string]string{}
	if _, err := root.Stat("usr/sbin/update-ca-certificates"); err == nil {
		for _, name := range names {
			link := strings.TrimSuffix(path.Base(name), ".crt") + ".pem"
			links["etc/ssl/certs/"+linkName.Replace(link)] = "/" + path.Join(dir, name)
		}
	}
	return errors.Join(
		writeText(root, "etc/ssl/certs/ca-certificates.crt", bundle.Bytes()),
		writeText(root, "etc/ca-certificates.conf", []byte(strings.Join(names, "\n")+"\n")),
		makeLinks(root, links),
	)
}

func makeDirs(root *os.Root, dirs []string) error {
	for _, dir := range dirs {
		if err := makeDir(root, dir); err != nil {
			return err
		}
	}
	return nil
}

func makeLinks(root *os.Root, links map[string]string) error {
	for name, target := range links {
		if err := makeDir(root, path.Dir(name)); err != nil {
			return err
		}
		if err := relink(root, name, func() error { return root.Symlink(target, name) }); err != nil {
			return err
		}
	}
	return nil
}

// makeRuntimeLinks makes the top of a Debian system: usr merged, volatile
// folders under run.
func makeRuntimeLinks(root *os.Root) error {
	links := map[string]string{"var/run": "/run", "var/lock": "/run/lock"}
	for _, dir := range mergedUsr {
		links[dir] = "usr/" + dir
	}
	return errors.Join(
		makeDirs(root, []string{"run/lock", "mnt", "opt", "media", "srv", "usr/local/bin", "usr/local/sbin", "var/log"}),
		makeLinks(root, links),
	)
}
