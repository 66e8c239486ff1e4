package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/pkg/hint"
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

// Cluster is one of a Docker's by its name, whether there is such a cluster or not.
type Cluster struct {
	Name string

	docker *Docker
}

// Cluster returns the cluster of a name. Docker is not asked.
func (d *Docker) Cluster(name string) Cluster { return Cluster{Name: name, docker: d} }

// Clusters returns the names of all kind clusters, kindctl's and others.
func (d *Docker) Clusters(ctx context.Context) (names []string, err error) {
	listed, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", clusterLabel)})
	if err != nil {
		return nil, fmt.Errorf("list the containers with label %s: %w", clusterLabel, err)
	}
	for _, item := range listed.Items {
		names = append(names, item.Labels[clusterLabel])
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Node returns the node of a name. Docker is not asked, so that there may be none.
func (c Cluster) Node(name string) *Node {
	return &Node{Name: name, docker: c.docker, cluster: c.Name}
}

// Nodes returns a cluster's containers, sorted by name; none is no cluster.
func (c Cluster) Nodes(ctx context.Context) ([]*Node, error) {
	return c.docker.labeled(ctx, clusterLabel+"="+c.Name)
}

// KubernetesNodes returns a cluster's control planes and workers, sorted by name.
func (c Cluster) KubernetesNodes(ctx context.Context) ([]*Node, error) {
	nodes, err := c.Nodes(ctx)
	return slices.DeleteFunc(nodes, func(n *Node) bool { return !n.IsKubernetes() }), err
}

// Stopped returns the names of a cluster's containers that do not run.
func (c Cluster) Stopped(ctx context.Context) (names []string, err error) {
	nodes, err := c.Nodes(ctx)
	for _, n := range nodes {
		if !n.Running() {
			names = append(names, n.Name)
		}
	}
	return names, err
}

// labeled returns the containers with a label, sorted by name.
func (d *Docker) labeled(ctx context.Context, label string) ([]*Node, error) {
	listed, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		return nil, fmt.Errorf("list the containers with label %s: %w", label, err)
	}
	found := make([]*Node, 0, len(listed.Items))
	for _, item := range listed.Items {
		inspected, err := d.api.ContainerInspect(ctx, item.ID, client.ContainerInspectOptions{})
		if errdefs.IsNotFound(err) { // removed in this moment
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("inspect a container with label %s: %w", label, err)
		}
		n, err := d.nodeOf(inspected.Container)
		if err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	slices.SortFunc(found, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// Inventory is what Docker has of one cluster.
type Inventory struct {
	Cluster string
	// Nodes are its containers, sorted by name, with their metadata.
	Nodes []*Node
	// Companions are the names of containers that are no part of the cluster and go
	// with it.
	Companions []string
}

// Empty reports whether Docker has nothing of the cluster.
func (i Inventory) Empty() bool { return len(i.Nodes)+len(i.Companions) == 0 }

// Metadata returns that of the first container that has some, and false when none has:
// then kind alone made the cluster, or kindctl was killed before it wrote any. With an
// error there is some, in a format that only a newer kindctl reads.
func (i Inventory) Metadata() (Metadata, bool, error) {
	for _, n := range i.Nodes {
		if n.Metadata == nil {
			continue
		}
		if err := n.Metadata.check(i.Cluster); err != nil {
			return Metadata{}, true, err
		}
		return *n.Metadata, true, nil
	}
	return Metadata{}, false, nil
}

// Inventory returns what Docker has of a cluster; no containers are no cluster.
func (d *Docker) Inventory(ctx context.Context, cluster string) (Inventory, error) {
	nodes, err := d.Cluster(cluster).Nodes(ctx)
	if err != nil {
		return Inventory{}, err
	}
	return d.inventory(ctx, cluster, nodes)
}

// Glance returns a cluster's containers and the metadata of the first that has some; of the
// others it is not read. To read a file costs Docker a process.
func (c Cluster) Glance(ctx context.Context) (Inventory, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Inventory{}, err
	}
	for _, n := range nodes {
		if n.Metadata, err = n.readMetadata(ctx); n.Metadata != nil || err != nil {
			break
		}
	}
	return Inventory{Cluster: c.Name, Nodes: nodes}, err
}

// Inventories returns what Docker has of every cluster that kind or kindctl
// made, sorted by name.
func (d *Docker) Inventories(ctx context.Context) (found []Inventory, err error) {
	nodes, err := d.labeled(ctx, clusterLabel)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.cluster)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		one, err := d.inventory(ctx, name, slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return n.cluster != name }))
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

func (d *Docker) inventory(ctx context.Context, cluster string, nodes []*Node) (Inventory, error) {
	found := Inventory{Cluster: cluster, Nodes: nodes}
	companions, err := d.labeled(ctx, companionLabel+"="+cluster)
	if err != nil {
		return Inventory{}, err
	}
	for _, companion := range companions {
		found.Companions = append(found.Companions, companion.Name)
	}
	var group errgroup.Group
	for _, n := range nodes {
		group.Go(func() (err error) {
			n.Metadata, err = n.readMetadata(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Inventory{}, err
	}
	return found, nil
}

// Identity returns the ID of this Docker, and the time by its clock.
func (d *Docker) Identity(ctx context.Context) (id string, now time.Time, err error) {
	result, err := d.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return "", time.Time{}, err
	}
	if now, err = time.Parse(time.RFC3339Nano, result.Info.SystemTime); err != nil {
		now = time.Now() // it does not say
	}
	return result.Info.ID, now, nil
}

// Machine is where a Docker runs its containers.
type Machine struct {
	// Architecture is in the kernel's words: x86_64.
	Architecture string `json:"architecture"`
	Kernel       string `json:"kernel"`
	// Cgroup is the version of control groups: 1 or 2.
	Cgroup string `json:"cgroup"`
}

// Machine asks Docker where it runs.
func (d *Docker) Machine(ctx context.Context) (Machine, error) {
	result, err := d.api.Info(ctx, client.InfoOptions{})
	return Machine{result.Info.Architecture, result.Info.KernelVersion, cmp.Or(result.Info.CgroupVersion, "1")}, err
}

// missingContainers returns an error that names the containers which a cluster has lost.
// known are those that it was made of, if its metadata has them; if not, a gap in
// kind's numbers shows it. Before several control planes there is a load balancer.
func missingContainers(cluster string, nodes []*Node, known []string) error {
	there := map[string]bool{}
	counts := map[string]int{constants.ControlPlaneNodeRoleValue: 1}
	for _, n := range nodes {
		there[n.Name] = true
		counts[n.Role] = max(counts[n.Role], numberOf(n.Name, cluster+"-"+n.Role))
	}
	expected := slices.Clone(known)
	if len(known) == 0 {
		for role, last := range counts {
			for i := 1; i <= last; i++ {
				expected = append(expected, NodeName(cluster, role, i))
			}
		}
	}
	if counts[constants.ControlPlaneNodeRoleValue] > 1 {
		expected = append(expected, NodeName(cluster, constants.ExternalLoadBalancerNodeRoleValue, 1))
	}
	expected = slices.DeleteFunc(expected, func(name string) bool { return there[name] })
	slices.Sort(expected)
	lost := slices.Compact(expected)
	if len(lost) == 0 {
		return nil
	}
	return hint.NodeLost.New(fmt.Sprintf("cluster %s is missing %s, which was deleted outside of kindctl with its data; nothing was started",
		cluster, strings.Join(lost, ", ")),
		fmt.Sprintf("recreate it: kindctl down -n %s && kindctl up -n %s", cluster, cluster))
}

// NodeName is what kind calls the containers of a role: the first one has no
// number (kind v0.33.0, pkg/cluster/internal/providers/common/namer.go).
func NodeName(cluster, role string, number int) string {
	name := cluster + "-" + role
	if number > 1 {
		name += strconv.Itoa(number)
	}
	return name
}

// numberOf is the number in a container's name, 0 for one that kind did not name.
func numberOf(name, first string) int {
	suffix, is := strings.CutPrefix(name, first)
	if !is {
		return 0
	}
	if suffix == "" {
		return 1
	}
	number, err := strconv.Atoi(suffix)
	if err != nil || number < 2 {
		return 0
	}
	return number
}
