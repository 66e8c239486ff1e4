// Package hosts makes the nodes of a cluster the hosts of a lab: names, logins between them by
// ssh, and the tools that Killercoda's machines have and nodes lack.
package hosts

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Node is a running node of the lab's cluster.
type Node interface {
	// Exec runs a command and returns the end of what it prints, and its exit code.
	Exec(ctx context.Context, command ...string) (output string, code int, err error)
	// Stream runs a command with an input that it reads to the end, or with none.
	Stream(ctx context.Context, in io.Reader, out io.Writer, command ...string) (code int, err error)
}

// Host is a machine of a lab.
type Host struct {
	// Name is what scripts call it.
	Name string
	// Address is the one on the network of the nodes.
	Address string
	Node    Node
}

// File is one for a host. Its directory is made.
type File struct {
	Path    string
	Mode    int64
	Content []byte
}

//go:embed ssh.sh
var ssh []byte

//go:embed sshd.sh
var sshd []byte

//go:embed terminal.sh
var terminal []byte

//go:embed profile.sh
var profile []byte

//go:embed kindctl-lab-ssh.service
var service []byte

//go:embed prepare.sh
var prepare string

// files are the same on all hosts.
var files = []File{
	{"/usr/local/bin/ssh", 0o755, ssh},
	{"/usr/local/lib/kindctl-lab/sshd", 0o755, sshd},
	{"/usr/local/lib/kindctl-lab/terminal", 0o755, terminal},
	{"/etc/profile.d/kindctl-lab.sh", 0o644, profile},
	{"/etc/systemd/system/kindctl-lab-ssh.service", 0o644, service},
}

// Prepare makes nodes the hosts of a lab. Key is the secret with which they log in to each
// other; anyone who knows it and reaches a node is root there. What is prepared already may be
// prepared again, and must be after a node was started.
func Prepare(ctx context.Context, all []Host, key string) error {
	var names []string
	for _, host := range all {
		names = append(names, host.Address+" "+host.Name)
	}
	group, bounded := errgroup.WithContext(ctx)
	for _, host := range all {
		group.Go(func() error {
			if err := host.Write(bounded, files...); err != nil {
				return err
			}
			command := append([]string{"sh", "-c", prepare, "sh", host.Name, key}, names...)
			output, code, err := host.Node.Exec(bounded, command...)
			if err == nil && code != 0 {
				err = fmt.Errorf("%s could not be prepared: exit status %d: %s", host.Name, code, output)
			}
			return err
		})
	}
	return group.Wait()
}

// Prepared reports whether a host is as Prepare has made it, also after a start of its node.
func (h Host) Prepared(ctx context.Context) (bool, error) {
	_, code, err := h.Node.Exec(ctx, "sh", "-c", "grep -q '# kindctl lab$' /etc/hosts && systemctl is-active --quiet kindctl-lab-ssh")
	return code == 0, err
}

// Write writes files into a host, also where it has file systems in memory, which Docker does not
// write into.
func (h Host) Write(ctx context.Context, files ...File) error {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, file := range files {
		header := &tar.Header{Name: strings.TrimPrefix(path.Clean(file.Path), "/"), Mode: file.Mode, Size: int64(len(file.Content)), ModTime: time.Now()}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(file.Content); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	var said bytes.Buffer
	// The directories that exist stay as they are: links and modes are the host's.
	code, err := h.Node.Stream(ctx, &archive, &said, "tar", "--extract", "--no-overwrite-dir", "--keep-directory-symlink", "--directory", "/")
	if err == nil && code != 0 {
		err = errors.New(strings.TrimSpace(said.String()))
	}
	if err != nil {
		return fmt.Errorf("write into %s: %w", h.Name, err)
	}
	return nil
}
