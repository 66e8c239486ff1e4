package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// defaultNetwork is the Docker network that kind puts nodes on (kind v0.33.0,
// pkg/cluster/internal/providers/docker/network.go).
const defaultNetwork = "kind"

// networkLabel is on the Docker networks that kindctl made.
const networkLabel = "dev.kindctl.network"

// Labels of such a network that say who made it, as Metadata does of containers.
// Clusters of others may have come to it since.
const (
	ownerLabel = "dev.kindctl.owner"
	runLabel   = "dev.kindctl.run"
)

// Values of networkLabel. A draft shows which subnet Docker would choose; it is removed at
// once, unless the process is killed.
const (
	finalNetwork = "final"
	draftNetwork = "draft"
)

// networkName is what Docker takes as a name (moby, daemon/names).
var networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// CheckNetwork returns an error with advice when nodes cannot be put on a network
// of that name; six asks for IPv6 on it. One that is not there can be made.
func (d *Docker) CheckNetwork(ctx context.Context, name string, six bool) error {
	if !networkName.MatchString(name) {
		return hint.NetworkName.New(fmt.Sprintf("%q is no name for a Docker network", name),
			"use letters, digits, '_', '.' and '-', beginning with a letter or a digit")
	}
	found, err := d.network(ctx, name)
	if err != nil || found == nil {
		return err
	}
	problem := ""
	switch {
	case found.Driver != "bridge":
		problem = "its driver is " + found.Driver + ", not bridge"
	case name == "bridge":
		problem = "containers on Docker's own bridge do not find each other by name"
	case found.Internal:
		problem = "it is internal, so that this host could not reach the API server"
	case six && !found.EnableIPv6:
		problem = "it has no IPv6"
	default:
		return nil
	}
	return hint.NetworkUnfit.New(fmt.Sprintf("nodes cannot be put on the network %s: %s", name, problem),
		"name another one; a network that is not there is made: --network lab")
}

// HasNetwork reports whether there is a network of that name, other than one that
// EnsureNetwork would replace.
func (d *Docker) HasNetwork(ctx context.Context, name string) (bool, error) {
	found, err := d.network(ctx, name)
	return found != nil && found.Labels[networkLabel] != draftNetwork, err
}

// Subnets are those of a network; none are those of one that is not there.
func (d *Docker) Subnets(ctx context.Context, name string) (subnets []netip.Prefix, err error) {
	found, err := d.network(ctx, name)
	if err != nil || found == nil {
		return nil, err
	}
	for _, config := range found.IPAM.Config {
		subnets = append(subnets, config.Subnet)
	}
	return subnets, nil
}

// AddressProblem says why containers cannot have these addresses on a network, or "". One that
// is not there can be made for them.
func (d *Docker) AddressProblem(ctx context.Context, name string, addresses []netip.Addr) (string, error) {
	inspected, err := d.api.NetworkInspect(ctx, name, client.NetworkInspectOptions{})
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("inspect network %s: %w", name, err)
	}
	state := stateOf(inspected.Network)
	for _, address := range addresses {
		if !slices.ContainsFunc(state.subnets, func(subnet netip.Prefix) bool { return subnet.Contains(address) }) {
			return fmt.Sprintf("network %s has the subnets %v, which do not contain %s", name, state.subnets, address), nil
		}
		if user := state.users[address]; user != "" {
			return fmt.Sprintf("on network %s, container %s has %s", name, user, address), nil
		}
	}
	return "", nil
}

// network finds a network by its name, nil if there is none.
func (d *Docker) network(ctx context.Context, name string) (*network.Network, error) {
	listed, err := d.api.NetworkList(ctx, client.NetworkListOptions{Filters: client.Filters{}.Add("name", name)})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	for _, item := range listed.Items { // of every name that contains this one
		if item.Name == name {
			return &item.Network, nil
		}
	}
	return nil, nil
}

// EnsureNetwork makes a network for nodes, unless there is one of that name. Its
// subnet is the one that Docker would choose, but chosen: Docker gives containers
// fixed addresses in such subnets only, and several control planes need them to
// come back after a stop. A caller that needs certain subnets names them. Of the metadata,
// owner and run become labels. Two callers at a time must have a lock between them.
func (d *Docker) EnsureNetwork(ctx context.Context, name string, by Metadata, subnets ...netip.Prefix) (made bool, err error) {
	if err := d.CheckNetwork(ctx, name, false); err != nil {
		return false, err
	}
	there, err := d.network(ctx, name)
	if err == nil && there != nil && there.Labels[networkLabel] == draftNetwork {
		if _, err = d.RemoveNetwork(ctx, name); err == nil {
			there, err = d.network(ctx, name)
		}
	}
	if err != nil || there != nil {
		return false, err
	}
	err = d.makeNetwork(ctx, name, by, subnets)
	if err != nil && len(subnets) > 0 {
		return false, hint.SubnetTaken.Wrap(err, fmt.Sprintf("Docker could not create the network %s with the subnets %v", name, subnets),
			"see which network has them: docker network ls -q | xargs docker network inspect; once nothing is on it: docker network rm NAME")
	}
	if err != nil {
		return false, hint.NetworkFailed.Wrap(err, fmt.Sprintf("Docker could not create the network %s", name),
			"remove unused networks: docker network prune")
	}
	return true, nil
}

// attempts bounds how often another network may take the subnet that was chosen.
const attempts = 5

func (d *Docker) makeNetwork(ctx context.Context, name string, by Metadata, wanted []netip.Prefix) error {
	labels := map[string]string{ownerLabel: by.Owner, runLabel: by.Run}
	options := client.NetworkCreateOptions{Driver: "bridge", Options: map[string]string{}, Labels: labels}
	// Hosts with small packets have this set for Docker's own bridge, as kind knows.
	const mtu = "com.docker.network.driver.mtu"
	if own, err := d.api.NetworkInspect(ctx, "bridge", client.NetworkInspectOptions{}); err == nil && own.Network.Options[mtu] != "" {
		options.Options[mtu] = own.Network.Options[mtu]
	}
	var last error
	for range attempts {
		choices := [][]netip.Prefix{wanted}
		if len(wanted) == 0 {
			subnet, err := d.draft(ctx, name, options)
			if err != nil {
				return err
			}
			// kind's own network has IPv6 as well, on hosts that can.
			choices = [][]netip.Prefix{{subnet, uniqueLocal()}, {subnet}}
		}
		options.Labels[networkLabel] = finalNetwork
		for _, subnets := range choices {
			options.IPAM = &network.IPAM{}
			for _, s := range subnets {
				options.IPAM.Config = append(options.IPAM.Config, network.IPAMConfig{Subnet: s})
			}
			six := slices.ContainsFunc(subnets, func(s netip.Prefix) bool { return s.Addr().Is6() })
			options.EnableIPv6 = &six
			if _, last = d.api.NetworkCreate(ctx, name, options); last == nil || ctx.Err() != nil {
				return last
			}
		}
		if len(wanted) > 0 || !strings.Contains(last.Error(), "overlap") {
			return last
		}
	}
	return last
}

// draft has Docker make a network as it likes, removes it, and returns its subnet.
func (d *Docker) draft(ctx context.Context, name string, options client.NetworkCreateOptions) (netip.Prefix, error) {
	options.Labels[networkLabel] = draftNetwork
	options.IPAM, options.EnableIPv6 = nil, nil
	made, err := d.api.NetworkCreate(ctx, name, options)
	if err != nil {
		return netip.Prefix{}, err
	}
	drafted, err := d.api.NetworkInspect(ctx, made.ID, client.NetworkInspectOptions{})
	if _, removal := d.api.NetworkRemove(context.WithoutCancel(ctx), made.ID, client.NetworkRemoveOptions{}); err != nil || removal != nil {
		return netip.Prefix{}, errors.Join(err, removal)
	}
	for _, config := range drafted.Network.IPAM.Config {
		if config.Subnet.Addr().Is4() {
			return config.Subnet, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("network %s: Docker chose no IPv4 subnet", name)
}

// uniqueLocal is a random IPv6 subnet of those that are private by RFC 4193.
func uniqueLocal() netip.Prefix {
	address := [16]byte{0xfd}
	_, _ = rand.Read(address[1:6]) // never fails
	return netip.PrefixFrom(netip.AddrFrom16(address), 64)
}

// RemoveNetwork removes a network that kindctl made, unless a container is on
// it, be it one that does not run. A command that puts containers on it at the same time
// must have a lock.
func (d *Docker) RemoveNetwork(ctx context.Context, name string) (removed bool, err error) {
	there, err := d.network(ctx, name)
	if err != nil || there == nil || there.Labels[networkLabel] == "" {
		return false, err
	}
	users, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("network", there.ID)})
	if err != nil {
		return false, fmt.Errorf("list the containers on network %s: %w", name, err)
	}
	if len(users.Items) > 0 {
		return false, nil
	}
	if _, err := d.api.NetworkRemove(ctx, there.ID, client.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return false, fmt.Errorf("remove network %s: %w", name, err)
	}
	return true, nil
}

// NetworkUse reports whether a network is one that kindctl made, and whether no one is on
// it but, at most, a cluster's containers and their companions: then it goes with the
// cluster.
func (d *Docker) NetworkUse(ctx context.Context, network, cluster string) (made, unused bool, err error) {
	there, err := d.network(ctx, network)
	if err != nil || there == nil || there.Labels[networkLabel] == "" {
		return false, false, err
	}
	users, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("network", there.ID)})
	if err != nil {
		return true, false, fmt.Errorf("list the containers on network %s: %w", network, err)
	}
	for _, user := range users.Items {
		if own := ownContainer(); own != nil && user.ID == own.id {
			continue // LeaveNetwork has it go
		}
		if user.Labels[clusterLabel] != cluster && user.Labels[companionLabel] != cluster {
			return true, false, nil
		}
	}
	return true, true, nil
}
