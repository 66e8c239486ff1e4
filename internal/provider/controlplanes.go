package provider

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/fs"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kindpatch"
	"github.com/kindctl/kindctl/internal/ports"
)

// kind puts a load balancer of a fixed image before several control planes. So it makes
// the first one and the workers, and kindctl the load balancer and the other control
// planes, as kind would have (kind v0.33.0,
// pkg/cluster/internal/providers/docker/provision.go).

// containerdConfig is the file that kind patches, and no other: another one may be mounted from
// the host.
const containerdConfig = "/etc/containerd/config.toml"

// controlPlanes are those of a configuration.
func controlPlanes(config *v1alpha4.Cluster) []v1alpha4.Node {
	return slices.DeleteFunc(slices.Clone(config.Nodes), func(n v1alpha4.Node) bool { return n.Role != v1alpha4.ControlPlaneRole })
}

// loopback is where control planes behind a load balancer are published.
func loopback(config *v1alpha4.Cluster) string {
	if config.Networking.IPFamily == v1alpha4.IPv6Family {
		return "::1"
	}
	return "127.0.0.1"
}

// kindsPart is the part of a configuration that kind makes: of several control planes the
// first alone, with a JoinConfiguration that the others can take over.
func kindsPart(config *v1alpha4.Cluster) (*v1alpha4.Cluster, error) {
	planes := controlPlanes(config)
	if len(planes) < 2 {
		return config, nil
	}
	part := config.DeepCopy()
	first, _, err := splitPatches(planes[0])
	if err != nil {
		return nil, err
	}
	part.Nodes = slices.DeleteFunc(part.Nodes, func(n v1alpha4.Node) bool { return n.Role == v1alpha4.ControlPlaneRole })
	part.Nodes = append([]v1alpha4.Node{first}, part.Nodes...)
	part.Networking.APIServerAddress, part.Networking.APIServerPort = loopback(config), 0
	endpoint, err := endpointPatches(config)
	if err != nil {
		return nil, err
	}
	part.KubeadmConfigPatches = append(endpoint, part.KubeadmConfigPatches...)
	return part, nil
}

// notKinds are the names of the containers that kindsPart leaves out.
func notKinds(config *v1alpha4.Cluster) (names []string) {
	planes := len(controlPlanes(config))
	if planes < 2 {
		return nil
	}
	for number := 2; number <= planes; number++ {
		names = append(names, NodeName(config.Name, constants.ControlPlaneNodeRoleValue, number))
	}
	return append(names, NodeName(config.Name, constants.ExternalLoadBalancerNodeRoleValue, 1))
}

// endpointPatches have all nodes find the API at the load balancer, whose address on this
// host the certificate names.
func endpointPatches(config *v1alpha4.Cluster) (patches []string, err error) {
	front := NodeName(config.Name, constants.ExternalLoadBalancerNodeRoleValue, 1)
	endpoint := net.JoinHostPort(front, strconv.Itoa(ports.APIServer))
	for _, patch := range []map[string]any{
		{"kind": kindpatch.ClusterConfiguration, "controlPlaneEndpoint": endpoint,
			"apiServer": map[string]any{"certSANs": []string{config.Networking.APIServerAddress}}},
		{"kind": kindpatch.JoinConfiguration, "discovery": map[string]any{"bootstrapToken": map[string]any{"apiServerEndpoint": endpoint}}},
	} {
		text, err := yaml.Marshal(patch)
		if err != nil {
			return nil, err
		}
		patches = append(patches, string(text))
	}
	return patches, nil
}

// splitPatches takes out of a node the patches of its JoinConfiguration, and returns them in
// the order in which kind applies them.
func splitPatches(node v1alpha4.Node) (rest v1alpha4.Node, join []kindpatch.Patch, err error) {
	rest = node
	rest.KubeadmConfigPatches, rest.KubeadmConfigPatchesJSON6902 = nil, nil
	for _, text := range node.KubeadmConfigPatches {
		merges, err := kindpatch.Parse(text, "", nil)
		if err != nil {
			return node, nil, err
		}
		for _, merge := range merges {
			if merge.Kind == kindpatch.JoinConfiguration {
				join = append(join, merge)
				continue
			}
			encoded, err := merge.Encode()
			if err != nil {
				return node, nil, err
			}
			rest.KubeadmConfigPatches = append(rest.KubeadmConfigPatches, encoded)
		}
	}
	for _, steps := range node.KubeadmConfigPatchesJSON6902 {
		if steps.Kind != kindpatch.JoinConfiguration {
			rest.KubeadmConfigPatchesJSON6902 = append(rest.KubeadmConfigPatchesJSON6902, steps)
			continue
		}
		patch, err := kindpatch.ParseSteps(steps.Kind, steps.Group, steps.Version, steps.Patch, "", nil)
		if err != nil {
			return node, nil, err
		}
		join = append(join, patch)
	}
	return rest, join, nil
}

// checkVersions refuses patches for another version of kubeadm's configuration than that of the
// first control plane, which those with other images take over.
func checkVersions(base string, patches []kindpatch.Patch) error {
	for _, document := range separator.Split(base, -1) {
		var config map[string]any
		if err := yaml.Unmarshal([]byte(document), &config); err != nil {
			return err
		}
		for _, patch := range patches {
			if config["kind"] == patch.Kind && !patch.Matches(config) {
				return fmt.Errorf("a patch of kind %s is for %s, and the first control plane's image has %s; leave the version out of the patch",
					patch.Kind, patch.APIVersion, config["apiVersion"])
			}
		}
	}
	return nil
}

// makeRest makes what kindsPart leaves out: a load balancer from an image, and the other
// control planes. Each control plane gets a JoinConfiguration of its own.
func (d *Docker) makeRest(ctx context.Context, config *v1alpha4.Cluster, balancer string) error {
	planes := controlPlanes(config)
	if len(planes) < 2 {
		return nil
	}
	first, like, err := d.Cluster(config.Name).look(ctx, NodeName(config.Name, constants.ControlPlaneNodeRoleValue, 1))
	if err != nil {
		return err
	}
	base, err := first.ReadFile(ctx, kubeadmConfig)
	if err != nil {
		return err
	}
	patches := make([][]kindpatch.Patch, len(planes))
	for i, plane := range planes {
		if _, patches[i], err = splitPatches(plane); err != nil {
			return err
		}
		if plane.Image != planes[0].Image {
			if err := checkVersions(string(base), patches[i]); err != nil {
				return fmt.Errorf("control plane %d: %w", i+1, err)
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.makeLoadBalancer(ctx, config, balancer, like) })
	for i := range planes {
		group.Go(func() (err error) {
			node := first
			if i > 0 {
				if node, err = d.makeControlPlane(ctx, config, i, first, like); err != nil {
					return err
				}
			}
			return node.configure(ctx, first, base, "", patches[i]...)
		})
	}
	return group.Wait()
}

// makeControlPlane makes the control plane at an index of a configuration, and waits until
// it has booted.
func (d *Docker) makeControlPlane(ctx context.Context, config *v1alpha4.Cluster, index int, first *Node,
	like container.InspectResponse) (*Node, error) {
	options, err := controlPlaneOptions(config, index, like)
	if err != nil {
		return nil, err
	}
	if err := d.startContainer(ctx, options); err != nil {
		return nil, err
	}
	node, _, err := d.Cluster(config.Name).look(ctx, options.Name)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, provisionTimeout)
	defer cancel()
	if err := node.WaitForBoot(bounded); err != nil {
		return nil, err
	}
	if len(config.ContainerdConfigPatches)+len(config.ContainerdConfigPatchesJSON6902) == 0 {
		return node, nil
	}
	patched, err := first.ReadFile(ctx, containerdConfig)
	if err != nil {
		return nil, err
	}
	if err := node.WriteFiles(ctx, File{Path: containerdConfig, Mode: 0o644, Content: patched}); err != nil {
		return nil, err
	}
	return node, node.RestartContainerd(ctx)
}

// controlPlaneOptions are a container like that of the first control plane, with what the
// configuration asks for at an index.
func controlPlaneOptions(config *v1alpha4.Cluster, index int, like container.InspectResponse) (client.ContainerCreateOptions, error) {
	const role = constants.ControlPlaneNodeRoleValue
	planes := controlPlanes(config)
	options, err := cloned(like, NodeName(config.Name, role, index+1), role)
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	own, err := binds(planes[index])
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	others := slices.DeleteFunc(slices.Clone(like.HostConfig.Binds), func(bind string) bool {
		parts := strings.Split(bind, ":")
		return slices.ContainsFunc(planes[0].ExtraMounts, func(mount v1alpha4.Mount) bool {
			return slices.Contains(parts[1:], mount.ContainerPath)
		})
	})
	ports, err := publish(config.Networking.IPFamily, append(slices.Clone(planes[index].ExtraPortMappings),
		v1alpha4.PortMapping{ListenAddress: loopback(config), ContainerPort: ports.APIServer})...)
	options.Config.Image, options.HostConfig.Binds = planes[index].Image, slices.Concat(others, own)
	options.Config.ExposedPorts, options.HostConfig.PortBindings = ports.exposed, ports.bound
	return options, err
}

// binds are a node's mounts as kind asks Docker for them, which takes absolute paths alone.
func binds(node v1alpha4.Node) (binds []string, err error) {
	for _, mount := range node.ExtraMounts {
		path := mount.HostPath
		if !fs.IsAbs(path) {
			if path, err = filepath.Abs(path); err != nil {
				return nil, err
			}
		}
		var options []string
		if mount.Readonly {
			options = append(options, "ro")
		}
		if mount.SelinuxRelabel {
			options = append(options, "Z")
		}
		switch mount.Propagation {
		case v1alpha4.MountPropagationBidirectional:
			options = append(options, "rshared")
		case v1alpha4.MountPropagationHostToContainer:
			options = append(options, "rslave")
		}
		bind := path + ":" + mount.ContainerPath
		if len(options) > 0 {
			bind += ":" + strings.Join(options, ",")
		}
		binds = append(binds, bind)
	}
	return binds, nil
}
