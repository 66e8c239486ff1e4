package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// Clone makes and starts a container like one that kind made for the same cluster:
// the same image, mounts, limits and network, but a name and a role of its own, and
// no port of the host but, for a control plane, a free one that leads to its API
// server.
func (d *Docker) Clone(ctx context.Context, like, name, role string) error {
	inspected, err := d.api.ContainerInspect(ctx, like, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect %s: %w", like, err)
	}
	options, err := cloned(inspected.Container, name, role)
	if err != nil {
		return err
	}
	made, err := d.api.ContainerCreate(ctx, options)
	if err != nil {
		return fmt.Errorf("make container %s: %w", name, err)
	}
	if _, err := d.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return nil
}

// noProxy are the variables that list what is not asked through a proxy: kind puts
// the names of all nodes there.
var noProxy = []string{"NO_PROXY=", "no_proxy="}

func cloned(like container.InspectResponse, name, role string) (client.ContainerCreateOptions, error) {
	if like.Config == nil || like.HostConfig == nil {
		return client.ContainerCreateOptions{}, fmt.Errorf("container %s: Docker says too little of it", like.Name)
	}
	config, host := *like.Config, *like.HostConfig
	config.Hostname, config.Labels = name, maps.Clone(like.Config.Labels)
	config.Labels[roleLabel] = role
	config.Env = slices.Clone(like.Config.Env)
	for i, variable := range config.Env {
		if slices.ContainsFunc(noProxy, func(prefix string) bool { return strings.HasPrefix(variable, prefix) }) {
			config.Env[i] = variable + "," + name
		}
	}
	config.ExposedPorts, host.PortBindings = nil, network.PortMap{}
	if api := network.MustParsePort(apiServerPort); role == constants.ControlPlaneNodeRoleValue {
		config.ExposedPorts = network.PortSet{api: {}}
		for _, bound := range like.HostConfig.PortBindings[api] {
			host.PortBindings[api] = append(host.PortBindings[api], network.PortBinding{HostIP: bound.HostIP})
		}
	}
	host.RestartPolicy = kindPolicy // that of a stopped node is another
	return client.ContainerCreateOptions{Name: name, Config: &config, HostConfig: &host}, nil
}

// Mount is a file or folder of the host that a container sees.
type Mount struct{ HostPath, Path string }

// Mounts returns what a container sees of the host. Clone gives it to others too.
func (d *Docker) Mounts(ctx context.Context, name string) (found []Mount, err error) {
	inspected, err := d.api.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", name, err)
	}
	for _, m := range inspected.Container.Mounts {
		if m.Type == mount.TypeBind {
			found = append(found, Mount{m.Source, m.Destination})
		}
	}
	return found, nil
}

// Discard removes a container with its volumes, whether it runs or not. That there
// is none is no error.
func (d *Docker) Discard(ctx context.Context, name string) error {
	_, err := d.api.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove container %s: %w", name, err)
	}
	return nil
}

// Remark has the markers in all containers of a cluster name the containers that it
// has now. One that has none gets one, if any other has.
func (d *Docker) Remark(ctx context.Context, cluster string) error {
	return d.remark(ctx, cluster, func(*Marker) {})
}

// AddKubeconfigs has the markers of a cluster name further files that have its
// context.
func (d *Docker) AddKubeconfigs(ctx context.Context, cluster string, files ...string) error {
	return d.remark(ctx, cluster, func(m *Marker) {
		for _, file := range files {
			if !slices.Contains(m.Kubeconfigs, file) {
				m.Kubeconfigs = append(m.Kubeconfigs, file)
			}
		}
	})
}

func (d *Docker) remark(ctx context.Context, cluster string, change func(*Marker)) error {
	found, err := d.Inventory(ctx, cluster)
	if err != nil {
		return err
	}
	marker, marked := found.Marker()
	if !marked {
		return nil
	}
	marker.Nodes = nil
	for _, container := range found.Containers {
		marker.Nodes = append(marker.Nodes, container.Name)
	}
	change(&marker)
	archive, err := archived(marker)
	if err != nil {
		return err
	}
	marking := &Marking{docker: d, archive: archive, marked: map[string]bool{}}
	for _, container := range found.Containers {
		if err := marking.write(ctx, container.Name); err != nil {
			return fmt.Errorf("mark node %s: %w", container.Name, err)
		}
	}
	return nil
}
