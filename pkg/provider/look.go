package provider

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
)

// Look reads what one container of a cluster says of itself, as far as possible
// also when it does not run.
type Look struct {
	docker *Docker
	member *member
	node   nodes.Node
}

// Looks returns one for every container of a cluster.
func (d *Docker) Looks(ctx context.Context, cluster string) (looks []Look, err error) {
	members, err := d.members(ctx, cluster)
	if err != nil {
		return nil, err
	}
	listed, err := silent().ListNodes(cluster)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		for _, node := range listed {
			if node.String() == m.name {
				looks = append(looks, Look{d, m, node})
			}
		}
	}
	return looks, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	bytes.Buffer
}

// tailLimit is how much a tail keeps at least.
const tailLimit = 4 << 20

func (t *tail) Write(b []byte) (int, error) {
	n, err := t.Buffer.Write(b)
	if t.Len() > 2*tailLimit {
		t.Next(t.Len() - tailLimit)
	}
	return n, err
}

// Name is the container's.
func (l Look) Name() string { return l.member.name }

// Kubernetes tells nodes of the cluster from the load balancer in front.
func (l Look) Kubernetes() bool { return l.member.role != constants.ExternalLoadBalancerNodeRoleValue }

// Running tells whether commands can be run in it.
func (l Look) Running() bool { return l.member.state == "running" }

// Started is when the container was started last; zero when it does not run.
func (l Look) Started() time.Time { return l.member.started }

// Output runs a command in the container and returns the end of what it prints.
func (l Look) Output(ctx context.Context, command ...string) ([]byte, error) {
	var out tail
	if err := l.node.CommandContext(ctx, command[0], command[1:]...).SetStdout(&out).SetStderr(&out).Run(); err != nil {
		return out.Bytes(), fmt.Errorf("%s: %w", command[0], explain(err))
	}
	return out.Bytes(), nil
}

// File returns a file of the container, at most a mebibyte.
func (l Look) File(ctx context.Context, path string) ([]byte, error) {
	return l.docker.ReadFile(ctx, l.member.id, path)
}

// Files calls keep with every regular file below a directory, by its name there,
// and the end of its content.
func (l Look) Files(ctx context.Context, dir string, keep func(name string, content []byte)) error {
	copied, err := l.docker.api.CopyFromContainer(ctx, l.member.id, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	defer copied.Content.Close()
	for archive := tar.NewReader(copied.Content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", dir, err)
		}
		name := strings.TrimPrefix(path.Clean(header.Name), path.Base(dir)+"/")
		if header.Typeflag != tar.TypeReg || !fs.ValidPath(name) {
			continue
		}
		var content tail
		if _, err := io.Copy(&content, archive); err != nil {
			return fmt.Errorf("read %s: %w", dir, err)
		}
		keep(name, content.Bytes())
	}
}

// logLines is how much of a container's log is read.
const logLines = 20000

// Log is the end of what the container itself has printed.
func (l Look) Log(ctx context.Context) ([]byte, error) {
	log, err := l.docker.api.ContainerLogs(ctx, l.member.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: strconv.Itoa(logLines)})
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", l.member.name, err)
	}
	defer log.Close()
	var out tail // kind gives its containers a terminal, so that there is one stream
	_, err = io.Copy(&out, log)
	return out.Bytes(), err
}

// Facts are what Docker knows of the container, as JSON.
func (l Look) Facts(ctx context.Context) ([]byte, error) {
	inspected, err := l.docker.api.ContainerInspect(ctx, l.member.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(inspected.Container, "", "  ")
}
