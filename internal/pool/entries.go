package pool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/provider"
)

// namePrefix begins the names of the clusters.
const namePrefix = "pool-"

// NewName returns a name for a cluster.
func NewName() string { return namePrefix + randomText() }

// State is what can be done with a cluster of the pool.
type State string

const (
	// Ready is a cluster that can be taken.
	Ready State = "ready"
	// Unfinished is one that is being made, or whose maker was killed.
	Unfinished State = "unfinished"
	// Outdated is one of a pool that was defined otherwise, or that another version of kindctl
	// made: this one cannot take it.
	Outdated State = "outdated"
	// Broken is one whose nodes are not all there and frozen.
	Broken State = "broken"
)

// Entry is a cluster of the pool.
type Entry struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Problem says what is wrong with a cluster that is broken.
	Problem string    `json:"problem,omitempty"`
	Nodes   int       `json:"nodes"`
	Created time.Time `json:"created"`
	Frozen  time.Time `json:"frozen,omitzero"`
	// Version is that of the kindctl which made it.
	Version string `json:"version"`
	// Memory is what it kept when it was frozen, in bytes; 0 is unknown.
	Memory int64 `json:"memoryBytes,omitempty"`

	run       string             // that made it
	inventory provider.Inventory // what Docker has of it
}

// glances are as much of Docker as it takes to find the clusters.
type glances interface {
	Clusters(ctx context.Context) ([]string, error)
	Glance(ctx context.Context, cluster string) (provider.Inventory, error)
}

// engine are the glances of a Docker.
type engine struct{ *provider.Docker }

func (e engine) Glance(ctx context.Context, cluster string) (provider.Inventory, error) {
	return e.Cluster(cluster).Glance(ctx)
}

// entries returns the clusters of the pool, also those that it was defined to have before, in
// the order in which they are taken. version is that of this kindctl.
func entries(ctx context.Context, docker glances, d Definition, version string) (found []Entry, err error) {
	names, err := docker.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, namePrefix) })
	all, are := make([]Entry, len(names)), make([]bool, len(names))
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() (err error) {
			all[i], are[i], err = entryOf(ctx, docker, name, d, version)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, entry := range all {
		if are[i] {
			found = append(found, entry)
		}
	}
	slices.SortStableFunc(found, func(a, b Entry) int { return a.Created.Compare(b.Created) })
	return found, nil
}

// entryOf looks at a cluster, and reports whether it is one of the pool.
func entryOf(ctx context.Context, docker glances, name string, d Definition, version string) (Entry, bool, error) {
	found, err := docker.Glance(ctx, name)
	if err != nil {
		return Entry{}, false, err
	}
	metadata, _, err := found.Metadata()
	if pool, _, _ := strings.Cut(metadata.Pool, "."); err != nil || pool == "" || pool != d.ID {
		return Entry{}, false, nil //nolint:nilerr // what a newer kindctl has made is in no pool of this one
	}
	e := Entry{Name: name, State: Ready, Nodes: len(found.Nodes), Created: metadata.Created, Frozen: metadata.Frozen,
		Version: metadata.Version, Memory: metadata.FrozenMemory, run: metadata.Run, inventory: found}
	switch e.Problem = problemOf(found, metadata); {
	case metadata.Pool != d.mark() || metadata.Version != version:
		e.State = Outdated
	case metadata.Frozen.IsZero():
		e.State = Unfinished
	case e.Problem != "":
		e.State = Broken
	}
	if e.State != Broken {
		e.Problem = ""
	}
	return e, true, nil
}

// problemOf says which containers of a frozen cluster are missing or not paused.
func problemOf(found provider.Inventory, metadata provider.Metadata) string {
	states := map[string]string{}
	for _, node := range found.Nodes {
		states[node.Name] = node.State
	}
	var problems []string
	for _, name := range metadata.Nodes {
		switch state, there := states[name]; {
		case !there:
			problems = append(problems, name+" is missing")
		case state != "paused":
			problems = append(problems, fmt.Sprintf("%s is %s", name, state))
		}
	}
	return strings.Join(problems, ", ")
}
