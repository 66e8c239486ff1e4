package kindctl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/snapshot"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Removal is what goes with a cluster.
type Removal = gc.Removal

// DownOptions say which clusters Down removes.
type DownOptions struct {
	// Name is the cluster's. "" is DefaultName, which is then removed only if kindctl
	// made it: those who use kind as well do not lose theirs.
	Name string
	// All removes every cluster that kindctl made in this Docker, but for those in the pool;
	// Name does not count.
	All bool
	// Kubeconfig is the file to remove the cluster's context from; "" means KUBECONFIG
	// or the default file. Files that got it before lose it as well.
	Kubeconfig string
	// DryRun changes nothing.
	DryRun bool
}

// Down removes clusters: containers, volumes, networks that kindctl made, and contexts
// in kubeconfigs. It waits for others who are at work on them. That there is no such
// cluster is no error. It returns what was removed, or would be, with an entry for each
// cluster, which is empty if there is none.
func (c *Client) Down(ctx context.Context, o DownOptions) (removed []Removal, err error) {
	if err := provider.CheckKubeconfig(ctx, o.Kubeconfig); err != nil {
		return nil, err
	}
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	names, err := c.clustersToDelete(ctx, docker, o)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, name := range names {
		own := !o.DryRun && savedByUp(ctx, docker, name)
		removal, err := c.remove(ctx, docker, name, o)
		if err != nil {
			failures = append(failures, fmt.Errorf("remove cluster %s: %w", name, err))
			continue
		}
		removed = append(removed, removal)
		if !o.DryRun && !removal.Empty() {
			c.settleSnapshots(ctx, name, own)
		}
	}
	return removed, errors.Join(failures...)
}

// savedByUp reports whether the snapshot that up takes is of the cluster that is there. One
// that is of an earlier cluster, or was imported, may still be needed.
func savedByUp(ctx context.Context, docker *provider.Docker, cluster string) bool {
	store, err := snapshot.OpenStore()
	if err != nil {
		return false
	}
	m, err := store.Read(cluster, AfterUp)
	return err == nil && m.IsOf(ctx, docker.Cluster(cluster))
}

// settleSnapshots removes what up has saved of a cluster that has gone, if it is that cluster's
// own, and says which other snapshots stay.
func (c *Client) settleSnapshots(ctx context.Context, cluster string, own bool) {
	found, _ := c.Snapshots(cluster) // those that can be read
	var kept []string
	for _, one := range found {
		if one.Name != AfterUp || !own {
			kept = append(kept, one.Name)
		} else if err := c.RemoveSnapshot(ctx, cluster, AfterUp); err != nil {
			c.warn("down", err.Error())
		}
	}
	if len(kept) > 0 {
		c.note("down", fmt.Sprintf("snapshots of cluster %s stay; to remove them: kindctl snapshot rm -n %[1]s %s",
			cluster, strings.Join(kept, " ")))
	}
}

// remove removes a cluster, and ends its record if Up made it with Ephemeral.
func (c *Client) remove(ctx context.Context, docker *provider.Docker, name string, o DownOptions) (Removal, error) {
	if o.DryRun {
		return gc.PlanRemoval(ctx, docker, name, o.Kubeconfig)
	}
	removed, err := gc.Down(ctx, docker, name, o.Kubeconfig, c.sink())
	c.mu.Lock()
	defer c.mu.Unlock()
	if record := c.records[name]; record != nil {
		delete(c.records, name)
		err = errors.Join(err, record.End(err == nil))
	}
	return removed, err
}

// clustersToDelete are the names of the clusters that the options mean.
func (c *Client) clustersToDelete(ctx context.Context, docker *provider.Docker, o DownOptions) (names []string, err error) {
	if o.Name != "" && !o.All {
		return []string{o.Name}, nil
	}
	found, err := docker.Inventories(ctx)
	if err != nil {
		return nil, err
	}
	var pooled []string
	for _, cluster := range found {
		metadata, made, _ := cluster.Metadata()
		switch {
		case o.All && metadata.Pool != "":
			pooled = append(pooled, cluster.Cluster)
		case made && (o.All || cluster.Cluster == DefaultName):
			names = append(names, cluster.Cluster)
		case o.All:
			c.note("down", fmt.Sprintf("cluster %s stays: kindctl did not make it; to remove it: kindctl down -n %[1]s", cluster.Cluster))
		case cluster.Cluster == DefaultName:
			return nil, hint.ClusterForeign.New(fmt.Sprintf("kindctl did not make cluster %s", DefaultName),
				"if it is to go, say its name: kindctl down -n "+DefaultName)
		}
	}
	if len(pooled) > 0 {
		c.note("down", fmt.Sprintf("the pool stays, with %s; to remove it: kindctl pool drain", strings.Join(pooled, ", ")))
	}
	if !o.All && len(names) == 0 {
		names = []string{DefaultName} // of which a context may be left
	}
	return names, nil
}

// Sweep is what GC removes.
type Sweep = gc.Sweep

// GCOptions are those of GC.
type GCOptions struct {
	// DryRun changes nothing.
	DryRun bool
}

// GC removes clusters that have expired, and what killed processes of this user left, and
// repairs clusters that such a process was changing. It returns what was removed, or would be. After an error, the Sweep is nil when it was
// not known what there is to remove.
func (c *Client) GC(ctx context.Context, o GCOptions) (*Sweep, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	store, err := snapshot.OpenStore()
	var drafts map[string][]string
	if err == nil {
		drafts, err = store.Drafts()
	}
	if err != nil {
		c.warn("gc", err.Error())
	}
	sweep, err := gc.PlanSweep(ctx, docker, drafts)
	if err != nil {
		return nil, err
	}
	if o.DryRun {
		sweep.Close()
		return sweep, nil
	}
	err = sweep.Run(ctx, docker, c.sink())
	sweep.Close()
	return sweep, err
}
