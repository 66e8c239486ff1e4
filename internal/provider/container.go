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

// Clone makes and starts a container like this one for the same cluster: the same image,
// mounts, limits and network, but a name and a role of its own, and no port of the host
// but, for a control plane, a free one that leads to its API server.
func (n *Node) Clone(ctx context.Context, name, role string) error {
	inspected, err := n.inspect(ctx)
	if err != nil {
		return err
	}
	options, err := cloned(inspected, name, role)
	if err != nil {
		return err
	}
	return n.docker.startContainer(ctx, options)
}

// startContainer makes a container, writes files into it and starts it.
func (d *Docker) startContainer(ctx context.Context, options client.ContainerCreateOptions, files ...File) error {
	made, err := d.api.ContainerCreate(ctx, options)
	if err != nil {
		return fmt.Errorf("make container %s: %w", options.Name, err)
	}
	if len(files) > 0 {
		if err := d.Cluster(options.Config.Labels[clusterLabel]).Node(options.Name).WriteFiles(ctx, files...); err != nil {
			return err
		}
	}
	if _, err := d.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("start %s: %w", options.Name, err)
	}
	return nil
}

// cloned are the options of a container like another one. What the other one knows not to
// ask through a proxy, by kind, is the names of all nodes.
func cloned(like container.InspectResponse, name, role string) (client.ContainerCreateOptions, error) {
	if like.Config == nil || like.HostConfig == nil {
		return client.ContainerCreateOptions{}, fmt.Errorf("container %s: Docker says too little of it", like.Name)
	}
	config, host := *like.Config, *like.HostConfig
	config.Hostname, config.Labels = name, maps.Clone(like.Config.Labels)
	config.Labels[roleLabel] = role
	config.Env = slices.Clone(like.Config.Env)
	for i, variable := range config.Env {
		if strings.HasPrefix(strings.ToUpper(variable), noProxy+"=") {
			config.Env[i] = withName(variable, name)
		}
	}
	config.ExposedPorts, host.PortBindings = nil, network.PortMap{}
	if role == constants.ControlPlaneNodeRoleValue {
		config.ExposedPorts = network.PortSet{apiServerPort: {}}
		for _, bound := range like.HostConfig.PortBindings[apiServerPort] {
			host.PortBindings[apiServerPort] = append(host.PortBindings[apiServerPort], network.PortBinding{HostIP: bound.HostIP})
		}
	}
	host.RestartPolicy = kindPolicy // that of a stopped node is another
	return client.ContainerCreateOptions{Name: name, Config: &config, HostConfig: &host}, nil
}

// withName is a variable with a name at the end of its list, unless it is there.
func withName(variable, name string) string {
	_, list, _ := strings.Cut(variable, "=")
	if slices.Contains(strings.Split(list, ","), name) {
		return variable
	}
	return variable + "," + name
}

// Mount is a file or folder of the host that a container sees.
type Mount struct{ HostPath, Path string }

// Mounts returns what the node sees of the host. Clone gives it to others too.
func (n *Node) Mounts(ctx context.Context) (found []Mount, err error) {
	inspected, err := n.inspect(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range inspected.Mounts {
		if m.Type == mount.TypeBind {
			found = append(found, Mount{m.Source, m.Destination})
		}
	}
	return found, nil
}

// inspect is what Docker knows of the container.
func (n *Node) inspect(ctx context.Context) (container.InspectResponse, error) {
	inspected, err := n.docker.api.ContainerInspect(ctx, n.Name, client.ContainerInspectOptions{})
	if err != nil {
		return container.InspectResponse{}, fmt.Errorf("inspect %s: %w", n.Name, err)
	}
	return inspected.Container, nil
}

// look returns a node of the cluster with all that Docker knows of it.
func (c Cluster) look(ctx context.Context, name string) (*Node, container.InspectResponse, error) {
	inspected, err := c.Node(name).inspect(ctx)
	if err != nil {
		return nil, inspected, err
	}
	n, err := c.docker.nodeOf(inspected)
	return n, inspected, err
}

// Remove removes a node with its volumes, whether it runs or not. That there is none is
// no error.
func (n *Node) Remove(ctx context.Context) error { return n.docker.removeContainer(ctx, n.Name) }

func (d *Docker) removeContainer(ctx context.Context, container string) error {
	_, err := d.api.ContainerRemove(ctx, container, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove container %s: %w", container, err)
	}
	return nil
}

// SetLimits bounds what the node may use: processors in billionths and memory in
// bytes, swap included; 0 leaves it as it is. Docker keeps the limits over a
// restart.
func (n *Node) SetLimits(ctx context.Context, nanoCPUs, memory int64) error {
	limits := container.Resources{NanoCPUs: nanoCPUs, Memory: memory, MemorySwap: memory}
	if _, err := n.docker.api.ContainerUpdate(ctx, n.Name, client.ContainerUpdateOptions{Resources: &limits}); err != nil {
		return fmt.Errorf("limit node %s: %w", n.Name, err)
	}
	return nil
}

// SetCPUShares weighs the node against other containers where processors are scarce; one of
// Docker's own has NormalCPUShares.
func (n *Node) SetCPUShares(ctx context.Context, shares int64) error {
	weight := container.Resources{CPUShares: shares}
	if _, err := n.docker.api.ContainerUpdate(ctx, n.Name, client.ContainerUpdateOptions{Resources: &weight}); err != nil {
		return fmt.Errorf("set the CPU shares of node %s: %w", n.Name, err)
	}
	return nil
}

// NormalCPUShares are those of a container for which none are set.
const NormalCPUShares = 1024
