package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// command is a program that a component runs.
type command struct {
	name  string
	args  []string
	dir   string
	env   []string // on top of the process's own
	stdin io.Reader
	// lines, when set, reads what the program writes to stderr while it runs.
	lines func(io.Reader)
}

// tailSize is how much of a program's last output an error carries.
const tailSize = 4 << 10

// run runs c and returns an error that carries the tail of its output.
func (w *work) run(ctx context.Context, c command) error {
	_, err := w.output(ctx, c)
	return err
}

// output runs c and returns what it wrote to stdout.
func (w *work) output(ctx context.Context, c command) (string, error) {
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	cmd.Dir, cmd.Stdin = c.dir, c.stdin
	cmd.Env = append(os.Environ(), c.env...)
	// Its own process group, so that a compiler's children end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second

	var stdout bytes.Buffer
	last := &tail{}
	cmd.Stdout, cmd.Stderr = &stdout, last
	finished := func() {}
	if c.lines != nil {
		reader, writer := io.Pipe()
		done := make(chan struct{})
		go func() {
			c.lines(reader)
			_, _ = io.Copy(io.Discard, reader)
			close(done)
		}()
		cmd.Stderr = io.MultiWriter(last, writer)
		finished = func() { _ = writer.Close(); <-done }
	}
	err := cmd.Run()
	finished()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", commandError(c, err, last.String())
	}
	return stdout.String(), nil
}

func commandError(c command, err error, output string) error {
	if errors.Is(err, exec.ErrNotFound) {
		return missing(c.name)
	}
	line := c.name
	if len(c.args) > 0 {
		line += " " + c.args[0]
	}
	message := fmt.Sprintf("%s: %v", line, err)
	if output = strings.TrimSpace(output); output != "" {
		message += "\n" + output
	}
	return hint.ImageBuildFailed.New(message, adviceFor(output))
}

// adviceFor recognises the usual causes in a program's output.
func adviceFor(output string) string {
	for _, cause := range []struct{ text, advice string }{
		{"no space left on device", "Free some disk space (a build from nothing needs about 15 GB), then run the same command again: finished components are kept."},
		{"dial tcp", "The Go module proxy could not be reached. Check the network and the variables GOPROXY and HTTPS_PROXY, then run the same command again."},
		{"checksum mismatch", "A module is not what was pinned. Remove it with `go clean -modcache` and try again; if it comes back, do not trust the proxy in use."},
		{"signal: killed", "A compiler was killed, most likely for lack of memory. Close other programs or build with --parallel 1."},
		{"snapshotter not loaded", "The file system of the cache folder cannot carry overlayfs. Choose a folder on ext4, xfs or btrfs with --cache-dir."},
		{"seccomp.h", "Install the headers with `apt-get install libseccomp-dev pkg-config`."},
		{"-lseccomp", "Install the library with `apt-get install libseccomp-dev`."},
	} {
		if strings.Contains(output, cause.text) {
			return cause.advice
		}
	}
	return "Run the same command again: finished components are kept. If it fails at the same place, report it with the output above."
}

// tail keeps the last bytes written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if extra := len(t.data) - tailSize; extra > 0 {
		t.data = append(t.data[:0], t.data[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.data) }
