package provider

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/internal/ports"
	"github.com/kindctl/kindctl/pkg/hint"
)

// LoadBalancerImage is the image that registries have of the load balancer: the newest of
// a branch of HAProxy that is maintained for years.
const LoadBalancerImage = "docker.io/library/haproxy:3.2"

// balancerConfig is HAProxy's configuration without control planes.
//
//go:embed haproxy.cfg
var balancerConfig string

const (
	// balancerFile is where it is in the load balancer.
	balancerFile = "/kind/haproxy.cfg"
	// balancerUser is an unprivileged user and group.
	balancerUser = "65534:65534"
	// reload has HAProxy's first process start another one with the file as it is, while the
	// present one keeps its connections. Docker would not restart a container that got a signal
	// from Docker itself.
	reload = "kill -USR2 1"
)

// balancerPolicy starts the load balancer with Docker, like kind's policy, by which one that
// ended without an error would not come back.
var balancerPolicy = container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}

// balancerLimits have room for two files for each of HAProxy's connections, whatever Docker's
// default is. HAProxy ends where it cannot have them.
var balancerLimits = []*container.Ulimit{{Name: "nofile", Soft: 16384, Hard: 16384}}

// balancerConfigFor is HAProxy's configuration for a cluster.
func balancerConfigFor(family v1alpha4.ClusterIPFamily, planes []string) string {
	config := balancerConfig
	if family != v1alpha4.IPv4Family {
		config = strings.Replace(config, fmt.Sprintf("bind *:%d", ports.APIServer), fmt.Sprintf("bind :::%d v4v6", ports.APIServer), 1)
	}
	return withBackends(config, planes, nil)
}

// serverLine begins the lines that list control planes.
const serverLine = "    server "

// withBackends is a configuration with other control planes, each as two servers with one
// address, which HAProxy knows at once if it is among those of nodes. HAProxy 2.6 takes options of
// resolution from no default.
func withBackends(config string, planes []string, nodes []*Node) string {
	var text strings.Builder
	for line := range strings.Lines(config) {
		if !strings.HasPrefix(line, serverLine) {
			text.WriteString(line)
		}
	}
	known := map[string]string{}
	for _, node := range nodes {
		if address := node.address(); address.IsValid() {
			known[node.Name] = fmt.Sprintf(" init-addr %s,none", address)
		}
	}
	for _, plane := range planes {
		address := fmt.Sprintf("%s:%d resolve-prefer ipv4 resolve-opts allow-dup-ip%s", plane, ports.APIServer, known[plane])
		fmt.Fprintf(&text, "%s%s %s check\n%[1]s%[2]s-unchecked %[3]s backup\n", serverLine, plane, address)
	}
	return text.String()
}

// makeLoadBalancer makes and starts the load balancer of a cluster, which kind would have
// made of another image, by the same name, with the same labels and on the same port.
// What applies to all containers of the cluster is that of a node.
func (d *Docker) makeLoadBalancer(ctx context.Context, config *v1alpha4.Cluster, image string, like container.InspectResponse) error {
	ports, err := publish(config.Networking.IPFamily, v1alpha4.PortMapping{
		ListenAddress: config.Networking.APIServerAddress, HostPort: config.Networking.APIServerPort, ContainerPort: ports.APIServer,
	})
	if err != nil {
		return err
	}
	var planes []string
	for i := range controlPlanes(config) {
		planes = append(planes, NodeName(config.Name, constants.ControlPlaneNodeRoleValue, i+1))
	}
	const role = constants.ExternalLoadBalancerNodeRoleValue
	front := d.Cluster(config.Name).Node(NodeName(config.Name, role, 1))
	options := client.ContainerCreateOptions{
		Name: front.Name,
		Config: &container.Config{
			Image: image, Hostname: front.Name, User: balancerUser, ExposedPorts: ports.exposed, StopSignal: "SIGTERM",
			Entrypoint: []string{"haproxy", "-W", "-db", "-f", balancerFile},
			Labels:     map[string]string{clusterLabel: config.Name, roleLabel: role},
		},
		HostConfig: &container.HostConfig{
			NetworkMode: like.HostConfig.NetworkMode, UsernsMode: like.HostConfig.UsernsMode, Sysctls: like.HostConfig.Sysctls,
			CgroupnsMode: like.HostConfig.CgroupnsMode, Init: like.HostConfig.Init, Resources: container.Resources{Ulimits: balancerLimits},
			CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"}, RestartPolicy: balancerPolicy, PortBindings: ports.bound,
		},
	}
	file := File{Path: balancerFile, Mode: 0o644, Content: []byte(balancerConfigFor(config.Networking.IPFamily, planes))}
	return d.startContainer(ctx, options, file)
}

// SetBackends has the load balancer spread connections over these control planes alone.
// Those that are established stay.
func (c Cluster) SetBackends(ctx context.Context, planes []string) error {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	front := loadBalancerOf(nodes)
	if front == nil {
		return errors.New("the cluster has no load balancer")
	}
	config, err := front.ReadFile(ctx, balancerFile)
	if err != nil {
		return err
	}
	file := File{Path: balancerFile, Mode: 0o644, Content: []byte(withBackends(string(config), planes, nodes))}
	if err := front.WriteFiles(ctx, file); err != nil {
		return err
	}
	if _, err := front.run(ctx, "sh", "-c", reload); err != nil {
		return fmt.Errorf("reload the load balancer %s: %w", front.Name, err)
	}
	return nil
}

// CheckLoadBalancer reports whether a cluster has a load balancer in front. One that
// control planes cannot be added to or taken from, because kindctl did not make it, is
// an error with advice.
func (c Cluster) CheckLoadBalancer(ctx context.Context) (has bool, err error) {
	nodes, err := c.Nodes(ctx)
	front := loadBalancerOf(nodes)
	if err != nil || front == nil {
		return false, err
	}
	if _, err := front.ReadFile(ctx, balancerFile); errors.Is(err, fs.ErrNotExist) {
		return true, hint.LoadBalancerForeign.New(fmt.Sprintf("control planes cannot be added to or removed from cluster %s: "+
			"its load balancer %s was created by kind or an older kindctl", c.Name, front.Name),
			fmt.Sprintf("recreate the cluster with its configuration: kindctl down -n %s && kindctl up -n %[1]s --config FILE", c.Name))
	}
	return true, err
}

// loadBalancerOf is nil where there is none.
func loadBalancerOf(nodes []*Node) *Node {
	for _, n := range nodes {
		if n.Role == constants.ExternalLoadBalancerNodeRoleValue {
			return n
		}
	}
	return nil
}
