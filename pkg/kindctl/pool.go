package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/pool"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Pool is the definition of the pool: what its clusters are, and how many to keep ready.
type Pool = pool.Definition

// PooledCluster is a cluster of the pool.
type PooledCluster = pool.Entry

// FailedFill is a fill of the pool in the background that failed.
type FailedFill = pool.FailedFill

// PoolReady is the state of a cluster that can be taken.
const PoolReady = pool.Ready

// SetPoolOptions are those of SetPool.
type SetPoolOptions struct {
	// Size is the number of clusters to keep ready.
	Size int
	// Topology is what each of them is; its name does not count. TTL begins when a cluster is
	// taken.
	Topology clusters.Topology
	// Images, Mirror and IgnorePreflightErrors are as in UpOptions.
	Images                ImageMode
	Mirror                string
	IgnorePreflightErrors []string
}

// SetPool defines the pool of this user in this Docker, or replaces its definition. FillPool
// makes the clusters, and removes those of another definition. A pool that cannot work is refused.
func (c *Client) SetPool(ctx context.Context, o SetPoolOptions) error {
	if o.Size < 1 {
		return hint.BadFlag.New("the pool size must be at least 1", "to remove the pool: kindctl pool drain")
	}
	d := Pool{Size: o.Size, Topology: o.Topology, Images: o.Images, Mirror: o.Mirror, IgnorePreflightErrors: o.IgnorePreflightErrors}
	if _, err := c.pooledConfig(d, pool.NewName(), 0); err != nil {
		return err
	}
	if err := refuseUnique(d.Topology); err != nil {
		return err
	}
	p, err := c.pool(ctx)
	if err != nil {
		return err
	}
	return p.Define(ctx, d)
}

// refuseUnique returns an error for what only one cluster can have of the host.
func refuseUnique(t clusters.Topology) error {
	needs, err := Needs(t)
	if err != nil {
		return err
	}
	var unique []string
	if needs.Port != 0 {
		unique = append(unique, fmt.Sprintf("port %d for the API server", needs.Port))
	}
	for _, port := range needs.Ports {
		unique = append(unique, "port "+port.String())
	}
	for _, folder := range needs.Folders {
		unique = append(unique, "directory "+folder.Path)
	}
	if len(unique) == 0 {
		return nil
	}
	return hint.PoolImpossible.New("only one cluster can have this of the host: "+strings.Join(unique, ", "),
		"leave it out of the configuration of the pool")
}

// Pool returns the definition of the pool. If there is none, the error has the reason
// POOL_MISSING.
func (c *Client) Pool(ctx context.Context) (Pool, error) {
	p, err := c.pool(ctx)
	if err != nil {
		return Pool{}, err
	}
	return p.Read()
}

// PooledClusters returns the clusters of the pool, in the order in which they are taken.
func (c *Client) PooledClusters(ctx context.Context) ([]PooledCluster, error) {
	p, d, err := c.definedPool(ctx)
	if err != nil {
		return nil, err
	}
	return p.Entries(ctx, d)
}

// FillPoolOptions are those of FillPool.
type FillPoolOptions struct {
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
	// LowPriority lets other containers go first where processors are scarce.
	LowPriority bool
	// Background is for a fill that no one waits for: PoolStatus has why it failed, and clusters
	// are only replaced if they are of an older kindctl than this one, or of another definition.
	// Log is the file that has the output, for those who ask.
	Background bool
	Log        string
}

// FillPool makes clusters, verifies and freezes them until the pool has as many as it is to
// have, and removes those that cannot be taken. It waits for others who do the same, and returns
// the names of the new ones.
func (c *Client) FillPool(ctx context.Context, o FillPoolOptions) (made []string, err error) {
	p, err := c.pool(ctx)
	if err != nil {
		return nil, err
	}
	return p.Fill(ctx, c.fillConfig(o))
}

func (c *Client) fillConfig(o FillPoolOptions) pool.FillConfig {
	up := func(d Pool, name string) (bootstrap.Config, error) { return c.pooledConfig(d, name, o.WaitTimeout) }
	return pool.FillConfig{Up: up, LowPriority: o.LowPriority, Background: o.Background, Log: o.Log}
}

// ServePoolOptions are those of ServePool.
type ServePoolOptions struct {
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
}

// ServePool fills the pool, at low priority, whenever a cluster was taken from it or lost, until
// ctx ends, which is no error. A fill that fails is tried again. Only one process can serve a
// pool.
func (c *Client) ServePool(ctx context.Context, o ServePoolOptions) error {
	p, err := c.pool(ctx)
	if err == nil {
		err = p.Serve(ctx, c.fillConfig(FillPoolOptions{WaitTimeout: o.WaitTimeout}))
	}
	if ctx.Err() != nil && hint.ReasonOf(err) != hint.UndoFailed.Name {
		return nil
	}
	return err
}

// PoolStatus says who fills the pool.
type PoolStatus struct {
	// Served says that a process keeps it filled: see ServePool.
	Served bool `json:"served"`
	// Kept is "", or says that another version of kindctl keeps the pool: then fills in the
	// background leave its clusters alone, and this kindctl cannot take them.
	Kept string `json:"kept,omitempty"`
	// LastFailure is the last fill in the background, if it failed.
	LastFailure *FailedFill `json:"lastFailure,omitempty"`
}

// PoolStatus returns who fills the pool. If there is none, the error has the reason
// POOL_MISSING.
func (c *Client) PoolStatus(ctx context.Context) (status PoolStatus, err error) {
	p, d, err := c.definedPool(ctx)
	if err != nil {
		return status, err
	}
	if !d.KeptBy(p.Version) {
		status.Kept = d.Keeper(p.Version)
	}
	if status.Served, err = p.Served(); err != nil {
		return status, err
	}
	status.LastFailure, err = p.LastFailure()
	return status, err
}

// DrainPool removes the pool, and returns the names of the clusters that were in it.
func (c *Client) DrainPool(ctx context.Context) (removed []string, err error) {
	p, err := c.pool(ctx)
	if err != nil {
		return nil, err
	}
	return p.Drain(ctx)
}

// TakeOptions are those of Take.
type TakeOptions struct {
	// Topology is what the cluster must be; nil is whatever the pool has. Its name does not
	// count.
	Topology *clusters.Topology
	// TTL is how long the cluster is wanted from now on; 0 is as long as the pool says.
	TTL time.Duration
	// Kubeconfig, KeepContext, WaitTimeout and Ephemeral are as in UpOptions.
	Kubeconfig  string
	KeepContext bool
	WaitTimeout time.Duration
	Ephemeral   bool
	// Examine is as in UpOptions, for a cluster of the pool that could not be taken and for one
	// that could not be created in its place.
	Examine func(ctx context.Context, cluster string, verdict verify.Report, failure error)
}

// Take takes a cluster from the pool: it resumes the nodes and runs the checks that are not
// slow. One that does not come back is removed, and the next one taken. When there is none, a
// cluster like those of the pool is created. The pool is not filled again.
func (c *Client) Take(ctx context.Context, o TakeOptions) (UpResult, error) {
	p, d, err := c.definedPool(ctx)
	if err != nil {
		return UpResult{}, err
	}
	if err := refuseOther(d.Topology, o.Topology); err != nil {
		return UpResult{}, err
	}
	ttl, command := cmp.Or(o.TTL, d.Topology.TTL), "up"
	if o.Ephemeral {
		command = "run"
	}
	taken, err := p.Take(ctx, d, pool.TakeConfig{Command: command, TTL: ttl, Kubeconfig: o.Kubeconfig, KeepContext: o.KeepContext,
		WaitTimeout: cmp.Or(o.WaitTimeout, WaitTimeout), Checks: quickChecks, CNIs: addons.CNIs(), Examine: o.Examine})
	if err != nil {
		return UpResult{}, err
	}
	if taken == nil {
		if !d.KeptBy(p.Version) {
			c.note("pool", d.Keeper(p.Version))
		}
		c.note("pool", "the pool has no cluster that can be taken; creating one")
		d.Topology.Name, d.Topology.TTL = pool.NewName(), ttl
		up := UpOptions{Topology: d.Topology, Images: d.Images, Mirror: d.Mirror, IgnorePreflightErrors: d.IgnorePreflightErrors,
			Kubeconfig: o.Kubeconfig, KeepContext: o.KeepContext, WaitTimeout: o.WaitTimeout, Ephemeral: o.Ephemeral, Examine: o.Examine}
		return c.Up(ctx, up)
	}
	d.Topology.Name, d.Topology.TTL = taken.Name, ttl
	result := UpResult{
		Name: taken.Name, Topology: d.Topology, Config: taken.Client.Config, Pooled: true, Version: taken.Version, Report: taken.Report,
	}
	if !o.Ephemeral {
		return result, taken.Record.End(true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records[taken.Name] = taken.Record
	return result, nil
}

// refuseOther returns an error with advice when another cluster is wanted than the pool has.
func refuseOther(have clusters.Topology, wanted *clusters.Topology) error {
	if wanted == nil {
		return nil
	}
	other := *wanted
	have.Name, other.Name = DefaultName, DefaultName // which names the nodes
	differences := []string{record.New(have, verify.Expectation{}).Expect.Differences(record.New(other, verify.Expectation{}).Expect)}
	differences = append(differences, have.Differences(other))
	if has := kubernetesOf(have); other.KubernetesVersion != "" && has != other.Kubernetes() {
		differences = append(differences, fmt.Sprintf("the version of Kubernetes is %s, not %s", has, other.Kubernetes()))
	}
	said := strings.Trim(strings.Join(differences, ", "), ", ")
	if said == "" {
		return nil
	}
	return hint.PoolDiffers.New("the pool has other clusters: "+said,
		"leave that out, create the cluster without --pool, or define the pool again: kindctl pool set")
}

// kubernetesOf is the version of Kubernetes that a cluster is made with, or the image that has it.
func kubernetesOf(t clusters.Topology) string {
	if t.KubernetesVersion == "" && t.Image != "" {
		return "that of " + t.Image
	}
	return cmp.Or(t.Kubernetes(), releases.Supported[0])
}

// pool is that of this user in this Docker.
func (c *Client) pool(ctx context.Context) (*pool.Pool, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dockerID == "" {
		if c.dockerID, _, err = docker.Identity(ctx); err != nil {
			return nil, err
		}
	}
	return pool.Open(docker, c.dockerID, c.options.Version, c.sink())
}

// definedPool is pool with its definition, which must be there.
func (c *Client) definedPool(ctx context.Context) (*pool.Pool, Pool, error) {
	p, err := c.pool(ctx)
	if err != nil {
		return nil, Pool{}, err
	}
	d, err := p.Read()
	return p, d, err
}

// pooledConfig says how a cluster of the pool is made.
func (c *Client) pooledConfig(d Pool, name string, wait time.Duration) (bootstrap.Config, error) {
	d.Topology.Name = name
	return c.upConfig(UpOptions{Topology: d.Topology, Images: d.Images, Mirror: d.Mirror, IgnorePreflightErrors: d.IgnorePreflightErrors,
		WaitTimeout: wait})
}
