package provider

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	apinetwork "github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/exec"

	"github.com/kindctl/kindctl/pkg/event"
)

// A process in a container that has the host's Docker socket, such as a job of CI or
// a devcontainer, does not have the host's loopback address, at which kind publishes
// API servers. It reaches them at their own addresses, once it is on their network.

// selfAlias is a name that the process's container gets on a network which kindctl
// has connected it to, so that it is disconnected again, and only then.
const selfAlias = "kindctl-client"

// self is the container in which this process runs, if it is one of the Docker that
// has the nodes.
type self struct {
	id, name string
	// networks are those that it is on, with its aliases there.
	networks map[string][]string
}

// containerID is in the path of the files that Docker mounts into each container.
var containerID = regexp.MustCompile(`/containers/([0-9a-f]{64})/(hostname|hosts|resolv\.conf)`)

// ownID finds the ID of the process's container in /proc/self/mountinfo: on a host
// these files are not mounts.
func ownID(mounts io.Reader) string {
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		// ID, parent, device, root in the file system, mount point (proc_pid_mountinfo(5)).
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !slices.Contains([]string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}, fields[4]) {
			continue
		}
		if found := containerID.FindStringSubmatch(fields[3]); found != nil {
			return found[1]
		}
	}
	return ""
}

// ownContainer asks Docker once. A container that shares the host's network needs no
// way of its own, and one that Docker does not know belongs to another engine.
var ownContainer = sync.OnceValue(func() *self {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer mounts.Close()
	id := ownID(mounts)
	if id == "" {
		return nil
	}
	found, err := inspectSelf(id)
	if err != nil {
		return nil
	}
	return found
})

// InContainer reports whether this process runs in a container of the Docker that has
// the nodes, away from the host's network.
func InContainer() bool { return ownContainer() != nil }

// inspectSelf returns nil for a container that has the host's network. One that
// shares the network of another container counts as that one.
func inspectSelf(id string) (*self, error) {
	out, err := exec.Output(exec.Command("docker", "inspect", "--type=container", id))
	if err != nil {
		return nil, explain(err)
	}
	return readSelf(out, inspectSelf)
}

func readSelf(inspected []byte, other func(id string) (*self, error)) (*self, error) {
	var found []struct {
		ID         string `json:"Id"`
		Name       string
		HostConfig struct{ NetworkMode string }
		Network    struct {
			Networks map[string]struct{ Aliases []string }
		} `json:"NetworkSettings"`
	}
	if err := json.Unmarshal(inspected, &found); err != nil || len(found) == 0 {
		return nil, fmt.Errorf("docker inspect: %w", err)
	}
	mode := found[0].HostConfig.NetworkMode
	if mode == "host" {
		return nil, nil
	}
	if id, shared := strings.CutPrefix(mode, "container:"); shared {
		return other(id)
	}
	own := &self{id: found[0].ID, name: strings.TrimPrefix(found[0].Name, "/"), networks: map[string][]string{}}
	for name, network := range found[0].Network.Networks {
		own.networks[name] = network.Aliases
	}
	return own, nil
}

// connecting is held while the process's container is connected to a network.
var connecting sync.Mutex

// connectSelf connects the process's container, if it runs in one, to the network of a
// cluster's nodes, and reports whether API servers can be reached there.
func (c Cluster) connectSelf(ctx context.Context) (inside bool, err error) {
	own := ownContainer()
	if own == nil {
		return false, nil
	}
	connecting.Lock()
	defer connecting.Unlock()
	network, err := c.network(ctx)
	if err != nil || network == "" {
		return true, err
	}
	if _, is := own.networks[network]; is {
		return true, nil
	}
	settings := &apinetwork.EndpointSettings{Aliases: []string{selfAlias}}
	options := client.NetworkConnectOptions{Container: own.id, EndpointConfig: settings}
	if _, err := c.docker.api.NetworkConnect(ctx, network, options); err != nil {
		return true, fmt.Errorf("connect this container, %s, to network %s: %w", own.name, network, err)
	}
	own.networks[network] = []string{selfAlias}
	event.Inform(c.docker.sink, event.Phase, "network", fmt.Sprintf("kindctl runs in container %s, which it has connected to network %s to reach the cluster; "+
		"kindctl down disconnects it", own.name, network))
	return true, nil
}

// network is the one of a cluster's nodes, "" when it has none.
func (c Cluster) network(ctx context.Context) (string, error) {
	nodes, err := c.Nodes(ctx)
	for _, n := range nodes {
		if n.Role == constants.ControlPlaneNodeRoleValue {
			return n.Network, nil
		}
	}
	return "", err
}

// LeaveNetwork disconnects the process's container from a network that kindctl has
// connected it to, unless nodes of a cluster are on it.
func (d *Docker) LeaveNetwork(ctx context.Context, network string) error {
	own := ownContainer()
	if own == nil {
		return nil
	}
	connecting.Lock()
	defer connecting.Unlock()
	fresh, err := inspectSelf(own.id)
	if err != nil || fresh == nil || !slices.Contains(fresh.networks[network], selfAlias) {
		return err
	}
	nodes := client.Filters{}.Add("label", clusterLabel).Add("network", network)
	listed, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: nodes})
	if err != nil {
		return fmt.Errorf("list the containers on network %s: %w", network, err)
	}
	if len(listed.Items) > 0 {
		return nil
	}
	delete(own.networks, network)
	if _, err := d.api.NetworkDisconnect(ctx, network, client.NetworkDisconnectOptions{Container: own.id}); err != nil {
		return fmt.Errorf("disconnect this container from network %s: %w", network, err)
	}
	return nil
}
