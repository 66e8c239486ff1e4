package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
)

// volumeDir is where every node has its volume (kind v0.33.0,
// pkg/cluster/internal/providers/docker/provision.go).
const volumeDir = "/var"

// Helper is a container of a node's image that has the node's volume, for work on it while
// the node is paused or stopped.
type Helper struct {
	*Node
	attached client.HijackedResponse
}

// HelperName is that of a node's helper.
func HelperName(node string) string { return node + "-helper" }

// Helper makes and starts one without a network. It runs until Close, and ends with this
// process.
func (n *Node) Helper(ctx context.Context) (*Helper, error) {
	inspected, err := n.inspect(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(inspected.Mounts, func(m container.MountPoint) bool {
		return m.Type == mount.TypeVolume && m.Destination == volumeDir
	})
	if at < 0 || inspected.Config == nil || inspected.HostConfig == nil {
		return nil, fmt.Errorf("container %s has no volume at %s", n.Name, volumeDir)
	}
	h := &Helper{Node: &Node{Name: HelperName(n.Name), docker: n.docker, cluster: n.cluster}}
	if err := h.removeOld(ctx); err != nil {
		return nil, err
	}
	if _, err := n.docker.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: h.Name,
		Config: &container.Config{
			Image: inspected.Image, User: "0:0", Entrypoint: []string{"cat"}, OpenStdin: true, StdinOnce: true, AttachStdin: true,
			Labels: map[string]string{companionLabel: n.cluster},
		},
		HostConfig: &container.HostConfig{
			AutoRemove: true, NetworkMode: "none", Privileged: true, UsernsMode: inspected.HostConfig.UsernsMode,
			Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: inspected.Mounts[at].Name, Target: volumeDir}},
		},
	}); err != nil {
		return nil, fmt.Errorf("make container %s: %w", h.Name, err)
	}
	attached, err := n.docker.api.ContainerAttach(ctx, h.Name, client.ContainerAttachOptions{Stream: true, Stdin: true})
	if err == nil {
		h.attached = attached.HijackedResponse
		_, err = n.docker.api.ContainerStart(ctx, h.Name, client.ContainerStartOptions{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", h.Name, err), h.Close(context.WithoutCancel(ctx)))
	}
	return h, nil
}

// removeOld removes the helper of a process that was killed, if Docker has not.
func (h *Helper) removeOld(ctx context.Context) error {
	there, err := h.inspect(ctx)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case there.Config == nil || there.Config.Labels[companionLabel] != h.cluster:
		return fmt.Errorf("container %s, which kindctl did not make, has the name that is needed here; rename or remove it", h.Name)
	}
	return h.Remove(ctx)
}

// Close removes the container, and leaves the node's volume. Docker would do that too, but
// later, once the process in it has seen the end of its input.
func (h *Helper) Close(ctx context.Context) error {
	err := h.Remove(ctx)
	if h.attached.Conn != nil {
		h.attached.Close()
	}
	return err
}

// runOnSignal says that it is there, and runs a command after a line of input.
const runOnSignal = `echo ready >&2 && read -r line && exec "$@"`

// PackVolume writes what is in the node's volume, as tar has it. It calls begin when all is
// prepared, and reads the volume once that has returned.
func (h *Helper) PackVolume(ctx context.Context, out io.Writer, begin func() error) error {
	command := slices.Concat([]string{"sh", "-c", runOnSignal, "sh", "tar", "--create", "--file=-", "--one-file-system", "--sparse",
		"--warning=no-file-ignored"}, tarAttributes, []string{"--directory=" + volumeDir, "--exclude=./" + keptPrefix + "*", "."})
	complaints := &complaints{begun: make(chan struct{})}
	code, err := h.exec(ctx, &signal{ready: complaints.begun, begin: begin}, out, complaints, command)
	if err == nil && code != 0 {
		err = h.failure(command, code, complaints.String())
	}
	return err
}

// complaints are what a command writes to its standard error. begun is closed with the first.
type complaints struct {
	tail
	once  sync.Once
	begun chan struct{}
}

func (c *complaints) Write(b []byte) (int, error) {
	c.once.Do(func() { close(c.begun) })
	return c.tail.Write(b)
}

// signal is one line of input, which comes after ready and begin.
type signal struct {
	ready <-chan struct{}
	begin func() error
	sent  bool
}

func (s *signal) Read(b []byte) (int, error) {
	if s.sent {
		return 0, io.EOF
	}
	<-s.ready
	if err := s.begin(); err != nil {
		return 0, err
	}
	s.sent = true
	return copy(b, "\n"), nil
}

// UnpackVolume unpacks what PackVolume has written into the volume, beside what is there.
func (h *Helper) UnpackVolume(ctx context.Context, archive io.Reader) error {
	if _, err := h.run(ctx, "sh", "-c", "rm -rf "+incoming+" && mkdir -m 0755 "+incoming); err != nil {
		return err
	}
	return h.extract(ctx, incoming, archive)
}

// DropUnpacked removes what UnpackVolume has unpacked.
func (h *Helper) DropUnpacked(ctx context.Context) error {
	_, err := h.run(ctx, "rm", "-rf", incoming)
	return err
}
