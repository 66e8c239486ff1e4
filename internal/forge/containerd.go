package forge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// namespace is where the kubelet's containerd keeps its images.
const namespace = "k8s.io"

// containerd is a private daemon on the host that imports images as the one
// on a node would.
type containerd struct {
	work    *work
	bin     string // folder of its programs
	scratch string // sockets and state
	cmd     *exec.Cmd
	log     *tail
}

const containerdConfig = `version = 3
root = %q
state = %q
disabled_plugins = [
  "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs",
  "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = %q
[ttrpc]
  address = %q
`

// startContainerd starts the daemon on the folder root and returns when it
// serves. It runs in a mount namespace of its own, so that no mount outlives
// it.
func startContainerd(ctx context.Context, w *work, root string) (*containerd, error) {
	scratch, err := os.MkdirTemp("", "kindctl-") // short: a socket's path has 108 bytes
	if err != nil {
		return nil, err
	}
	c := &containerd{work: w, bin: w.path("containerd", "bin"), scratch: scratch, log: &tail{}}
	config := filepath.Join(scratch, "config.toml")
	text := fmt.Sprintf(containerdConfig, root, filepath.Join(scratch, "state"), c.socket(), c.socket()+".ttrpc")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(scratch, "notify"), Net: "unixgram"})
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	defer ready.Close()

	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "containerd"), "--config", config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+ready.LocalAddr().String())
	cmd.Stdout, cmd.Stderr = c.log, c.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Unshareflags: syscall.CLONE_NEWNS}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.cmd = cmd
	if err := c.await(ctx, ready); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *containerd) socket() string { return filepath.Join(c.scratch, "containerd.sock") }

// startLimit is how long containerd may take to serve: it takes less than a
// second on an idle machine.
const startLimit = time.Minute

// await returns when containerd says through systemd's protocol that it is ready.
func (c *containerd) await(ctx context.Context, ready *net.UnixConn) error {
	stop := context.AfterFunc(ctx, func() { _ = ready.SetReadDeadline(time.Now()) })
	defer stop()
	_ = ready.SetReadDeadline(time.Now().Add(startLimit))
	message := make([]byte, 4<<10)
	for {
		n, err := ready.Read(message)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return commandError(command{name: "containerd"}, err, c.log.String())
		}
		if strings.Contains(string(message[:n]), "READY=1") {
			return nil
		}
	}
}

// ctr runs containerd's own client.
func (c *containerd) ctr(ctx context.Context, args ...string) command {
	return command{name: filepath.Join(c.bin, "ctr"), args: append([]string{"--address", c.socket(), "--namespace", namespace}, args...)}
}

// load imports images, unpacks them for overlayfs and lets go of their
// archives. The images are pinned: a node has no registry to get them back
// from after the kubelet's garbage collection.
func (c *containerd) load(ctx context.Context, images map[name.Reference]v1.Image) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	wrote := make(chan error, 1)
	go func() {
		err := tarball.MultiRefWrite(images, writer)
		wrote <- errors.Join(err, writer.Close())
	}()
	load := c.ctr(ctx, "images", "import", "--local", "--discard-unpacked-layers",
		"--label", "io.cri-containerd.image=managed", "--label", "io.cri-containerd.pinned=pinned", "-")
	load.stdin = reader
	err = c.work.run(ctx, load)
	_ = reader.Close() // ends the writer if the import failed
	if werr := <-wrote; err == nil {
		err = werr
	}
	if err != nil {
		return err
	}
	// Removing a lease is the one request that waits for the garbage collector.
	if err := c.work.run(ctx, c.ctr(ctx, "leases", "create", "--id", "kindctl")); err != nil {
		return err
	}
	return c.work.run(ctx, c.ctr(ctx, "leases", "delete", "--sync", "kindctl"))
}

// stop ends the daemon and removes its sockets and state.
func (c *containerd) stop() error {
	var err error
	if c.cmd != nil {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		err = c.cmd.Wait()
		var exit *exec.ExitError
		if errors.Is(err, context.Canceled) || errors.As(err, &exit) && exit.ExitCode() < 0 {
			err = nil // ended by a signal of ours
		}
	}
	return errors.Join(err, os.RemoveAll(c.scratch))
}
