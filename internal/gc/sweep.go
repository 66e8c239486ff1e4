// Package gc removes clusters, and finds those that have expired and what killed
// commands left.
package gc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Sweep is what gc removes: clusters that have expired, and what killed runs left; and
// clusters that it repairs. It holds locks on all of that until Close.
type Sweep struct {
	// Clusters are removed, or what there is of them.
	Clusters []Removal `json:"clusters"`
	// Repairs are of clusters that stay.
	Repairs []Repair `json:"repairs"`
	// Drafts are directories of snapshots that were never finished.
	Drafts []string `json:"drafts"`
	// Locks are those of kubeconfigs, and Temporary directories, of killed processes.
	Locks     []string `json:"locks"`
	Temporary []string `json:"temporary"`
	// Left are clusters that would have gone and stay, with the reason.
	Left []Skipped `json:"left"`

	docker   inventories
	identity string // of Docker
	records  []*runs.Killed
	locks    map[string]func() // by cluster
	stale    []staleLock
	ran      bool
}

// Skipped is a cluster that stays.
type Skipped struct {
	Cluster string `json:"cluster"`
	Reason  string `json:"reason"`
}

// PlanSweep finds out what there is to remove, and changes nothing. drafts are directories of
// snapshots that are being written, or were, by cluster.
func PlanSweep(ctx context.Context, docker *provider.Docker, drafts map[string][]string) (*Sweep, error) {
	identity, _, err := docker.Identity(ctx)
	if err != nil {
		return nil, err
	}
	s := newSweep(docker, identity)
	err = s.plan(ctx, time.Now())
	if err == nil {
		err = s.planDrafts(drafts)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newSweep(docker inventories, identity string) *Sweep {
	return &Sweep{Clusters: []Removal{}, Repairs: []Repair{}, Drafts: []string{}, Locks: []string{}, Temporary: []string{}, Left: []Skipped{},
		docker: docker, identity: identity, locks: map[string]func(){}}
}

func (s *Sweep) plan(ctx context.Context, now time.Time) (err error) {
	if s.records, err = runs.FindKilled(); err != nil {
		return err
	}
	for _, record := range s.records {
		if err := s.planKilled(ctx, record, now); err != nil {
			return err
		}
	}
	if err := s.planExpired(ctx, now); err != nil {
		return err
	}
	left, err := scratch.Abandoned()
	s.Temporary = append(s.Temporary, left...)
	return err
}

// Close unlocks everything. Records for which there is nothing more to do are removed.
func (s *Sweep) Close() {
	for _, record := range s.records {
		_ = record.End(s.ran && record.Done) // or the next time
	}
	for _, release := range s.locks {
		release()
	}
}

// Empty reports whether there is nothing to do.
func (s *Sweep) Empty() bool {
	return len(s.Clusters)+len(s.Repairs)+len(s.Drafts)+len(s.Locks)+len(s.Temporary) == 0
}

// lock locks a cluster, unless another command is changing it.
func (s *Sweep) lock(cluster string) (bool, error) {
	if s.locks[cluster] != nil {
		return true, nil
	}
	release, err := runs.Lock(cluster)
	if hint.ReasonOf(err) == hint.ClusterBusy.Name {
		s.skip(cluster, "another kindctl process is changing it")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.locks[cluster] = release
	return true, nil
}

// skip lists a cluster among those that are left as they are, with the reason.
func (s *Sweep) skip(cluster, reason string) {
	if skipped := (Skipped{cluster, reason}); !slices.Contains(s.Left, skipped) {
		s.Left = append(s.Left, skipped)
	}
}

// planExpired looks for clusters whose time is over, of every user. A run that
// lives does not keep its cluster longer than it said.
func (s *Sweep) planExpired(ctx context.Context, now time.Time) error {
	there, err := s.docker.Inventories(ctx)
	if err != nil {
		return err
	}
	for _, found := range there {
		metadata, _, err := found.Metadata()
		if err != nil {
			s.skip(found.Cluster, err.Error())
			continue
		}
		left, limited := metadata.Left(now)
		if !limited || left > 0 || s.planned(found.Cluster) {
			continue
		}
		if free, err := s.lock(found.Cluster); err != nil {
			return err
		} else if !free {
			continue
		}
		removal, err := planRemoval(ctx, s.docker, found, s.kubeconfigs(metadata), portsOf(found))
		if err != nil {
			return err
		}
		removal.Reason = fmt.Sprintf("it expired %v ago", -left.Round(time.Second))
		s.Clusters = append(s.Clusters, removal)
	}
	return nil
}

func (s *Sweep) planned(cluster string) bool {
	return slices.ContainsFunc(s.Clusters, func(r Removal) bool { return r.Cluster == cluster })
}

// kubeconfigs are the files that got a cluster's context, if they are here and
// can be read.
func (s *Sweep) kubeconfigs(metadata provider.Metadata) (files []string) {
	if metadata.Owner != runs.Owner() {
		return nil
	}
	for _, file := range metadata.Kubeconfigs {
		if _, _, err := provider.KubeconfigEntry(file, metadata.Cluster); err != nil {
			s.skip(metadata.Cluster, "its context stays: "+err.Error())
			continue
		}
		files = append(files, file)
	}
	return files
}

// portsOf returns which ports of the host lead to a cluster: a context of its name
// may be that of a cluster in another Docker.
func portsOf(found provider.Inventory) func(port string) bool {
	return func(port string) bool {
		return port != "" && slices.ContainsFunc(found.Nodes, func(n *provider.Node) bool { return n.APIPort == port })
	}
}

// Run removes it all. What fails does not keep the rest. What came in the meantime
// is added to the plan, and what never came is taken from it.
func (s *Sweep) Run(ctx context.Context, docker *provider.Docker, sink event.Sink) error {
	s.ran = true
	docker = docker.WithSink(sink)
	var failures []error
	for _, lock := range s.stale {
		failures = append(failures, lock.remove(ctx))
	}
	failures = append(failures, s.repair(ctx, docker, sink)...)
	for i := range s.Clusters {
		removal := &s.Clusters[i]
		span := event.Start(sink, event.Event{Scope: event.Phase, ID: "gc", Title: "Remove cluster " + removal.Cluster})
		if err := removal.Run(ctx, docker); err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
			failures = append(failures, fmt.Errorf("remove cluster %s: %w", removal.Cluster, err))
			continue
		}
		span.Done(removal.Reason)
		s.markDone(removal.Cluster)
	}
	s.Clusters = slices.DeleteFunc(s.Clusters, Removal.Empty)
	for _, dir := range s.Drafts {
		failures = append(failures, removeDraft(dir))
	}
	for _, path := range s.Temporary {
		failures = append(failures, scratch.Clear(path))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failures...)
}
