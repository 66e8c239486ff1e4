package provider

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// The labels of kind's containers (kind v0.33.0,
// pkg/cluster/internal/providers/docker/constants.go).
const (
	clusterLabel = "io.x-k8s.kind.cluster"
	roleLabel    = "io.x-k8s.kind.role"
)

// companionLabel is on containers that are none of a cluster's nodes and go with
// it, such as the registry of kindctl's GitHub action; its value is the cluster.
const companionLabel = "dev.kindctl.registry"

// member is one container of a cluster as Docker has it, running or not.
type member struct {
	id, name, role string
	pid            int // of its first process, where Docker runs; 0 when it does not
	cluster        string
	state          container.ContainerState
	created        time.Time
	started        time.Time
	// network is the one that kind put it on, and endpoint what Docker keeps of
	// the connection; nil when there is none any more.
	network  string
	endpoint *network.EndpointSettings
	policy   container.RestartPolicyMode
	// six says that its address is the one of IPv6: see recognize.
	six bool
	// api is where the host reaches its API server, if it has one.
	api netip.AddrPort
	// port is the one of the host that stands for the API server's, if any,
	// whether the container runs or not.
	port string
	// volumes are those that were made with the container.
	volumes []string
}

// running includes a container that is paused, which keeps its address.
func (m *member) running() bool {
	return m.state == container.StateRunning || m.state == container.StatePaused
}

// address is the one it has now; none when it does not run.
func (m *member) address() netip.Addr {
	if m.endpoint == nil || !m.running() {
		return netip.Addr{}
	}
	if m.six {
		return m.endpoint.GlobalIPv6Address
	}
	return m.endpoint.IPAddress
}

// fixed is the address that Docker gives it at every start, if it does.
func (m *member) fixed() netip.Addr {
	if m.endpoint == nil || m.endpoint.IPAMConfig == nil {
		return netip.Addr{}
	}
	if m.six {
		return m.endpoint.IPAMConfig.IPv6Address
	}
	return m.endpoint.IPAMConfig.IPv4Address
}

// fixedTo tells whether Docker gives it this address at every start, and none of
// another family.
func (m *member) fixedTo(address netip.Addr) bool {
	var fixed network.EndpointIPAMConfig
	if m.endpoint.IPAMConfig != nil {
		fixed = *m.endpoint.IPAMConfig
	}
	want := fixing(address)
	return fixed.IPv4Address == want.IPv4Address && fixed.IPv6Address == want.IPv6Address
}

// members returns a cluster's containers, sorted by name; none is no cluster.
func (d *Docker) members(ctx context.Context, cluster string) ([]*member, error) {
	return d.labeled(ctx, clusterLabel+"="+cluster)
}

// labeled returns the containers with a label, sorted by name.
func (d *Docker) labeled(ctx context.Context, label string) ([]*member, error) {
	listed, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		return nil, fmt.Errorf("list the containers with label %s: %w", label, err)
	}
	found := make([]*member, 0, len(listed.Items))
	for _, item := range listed.Items {
		inspected, err := d.api.ContainerInspect(ctx, item.ID, client.ContainerInspectOptions{})
		if errdefs.IsNotFound(err) { // removed in this moment
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("inspect a container with label %s: %w", label, err)
		}
		m, err := memberOf(inspected.Container)
		if err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b *member) int { return strings.Compare(a.name, b.name) })
	return found, nil
}

// apiServerPort is the API server's port in a node (kind v0.33.0,
// pkg/cluster/internal/providers/common).
const apiServerPort = "6443/tcp"

func memberOf(c container.InspectResponse) (*member, error) {
	m := &member{id: c.ID, name: strings.TrimPrefix(c.Name, "/")}
	if c.Config == nil || c.HostConfig == nil || c.State == nil || c.NetworkSettings == nil {
		return nil, fmt.Errorf("container %s: Docker says too little of it", m.name)
	}
	m.role, m.cluster = c.Config.Labels[roleLabel], c.Config.Labels[clusterLabel]
	created, err := time.Parse(time.RFC3339Nano, c.Created)
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", m.name, err)
	}
	m.created = created
	for _, mounted := range c.Mounts {
		if mounted.Type == mount.TypeVolume && anonymous.MatchString(mounted.Name) {
			m.volumes = append(m.volumes, mounted.Name)
		}
	}
	if bound := c.HostConfig.PortBindings[network.MustParsePort(apiServerPort)]; len(bound) > 0 {
		m.port = bound[0].HostPort
	}
	m.state, m.pid = c.State.Status, c.State.Pid
	m.network = string(c.HostConfig.NetworkMode)
	m.endpoint = c.NetworkSettings.Networks[m.network]
	m.policy = c.HostConfig.RestartPolicy.Name
	if m.running() {
		started, err := time.Parse(time.RFC3339Nano, c.State.StartedAt)
		if err != nil {
			return nil, fmt.Errorf("container %s: %w", m.name, err)
		}
		m.started = started
	}
	if published := c.NetworkSettings.Ports[network.MustParsePort(apiServerPort)]; len(published) > 0 && m.role == constants.ControlPlaneNodeRoleValue {
		api, err := netip.ParseAddrPort(net.JoinHostPort(published[0].HostIP.String(), published[0].HostPort))
		if err != nil {
			return nil, fmt.Errorf("container %s: port %s: %w", m.name, apiServerPort, err)
		}
		m.api = api
	}
	return m, nil
}

// Running is a container of a cluster that runs.
type Running struct {
	Name string
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role string
	// Started is when it was started last, by the clock that its node has too.
	Started time.Time
	// API is where this process reaches the node's API server; only control planes
	// have one.
	API netip.AddrPort
}

// Running returns the containers of a cluster that run, sorted by name.
func (d *Docker) Running(ctx context.Context, cluster string) (found []Running, err error) {
	members, err := d.members(ctx, cluster)
	for _, m := range members {
		if m.state == container.StateRunning {
			api := m.api
			if api.IsValid() && InContainer() {
				api = netip.AddrPortFrom(m.address(), apiServer)
			}
			found = append(found, Running{Name: m.name, Role: m.role, Started: m.started, API: api})
		}
	}
	return found, err
}

// Halted returns the names of a cluster's containers that do not run.
func (d *Docker) Halted(ctx context.Context, cluster string) (names []string, err error) {
	members, err := d.members(ctx, cluster)
	for _, m := range members {
		if m.state != container.StateRunning {
			names = append(names, m.name)
		}
	}
	return names, err
}
