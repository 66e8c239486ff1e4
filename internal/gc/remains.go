package gc

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
)

const (
	// straggle is how long after a process was killed Docker may be asked for a
	// container by a command that it had started.
	straggle = 10 * time.Second
	// unsettling is how long after that Docker may still be making it: it copies the
	// image's volumes first.
	unsettling = 2 * time.Minute
	// oblivion is when a Docker that is not there any more is not waited for either.
	oblivion = 30 * 24 * time.Hour
)

// planKilled looks for what a killed run has left.
func (s *Sweep) planKilled(ctx context.Context, record *runs.Killed, now time.Time) error {
	if engine := record.Engine(); engine != "" && engine != s.identity {
		if record.Done = now.Sub(record.Seen) > oblivion; !record.Done {
			s.skip(record.Cluster, "it is in another Docker; choose that one and run this again")
		}
		return nil
	}
	if record.Changes != "" {
		return s.planRepair(ctx, record, now)
	}
	if free, err := s.lock(record.Cluster); err != nil || !free {
		return err
	}
	s.planLocks(record)
	found, err := s.docker.Inventory(ctx, record.Cluster)
	if err != nil {
		return err
	}
	record.Done = true // unless there is something to remove
	switch ownershipOf(record, found) {
	case others:
		return nil
	case unclear:
		s.skip(record.Cluster, "kindctl "+record.Command+" was killed, and another cluster of that name exists now; to remove it: kindctl down -n "+record.Cluster)
		return nil
	}
	metadata, _, err := found.Metadata() // none has come so far as to have a context
	if err != nil {
		s.skip(record.Cluster, err.Error())
		record.Done = false
		return nil
	}
	removal, err := planRemoval(ctx, s.docker, found, s.kubeconfigs(metadata), portsOf(found))
	if err != nil {
		return err
	}
	if record.Creation != nil {
		if err := removal.addNetworks(ctx, s.docker, record.Creation.Network); err != nil {
			return err
		}
		if now.Sub(record.Seen) < unsettling {
			removal.pending = len(record.Creation.Containers)
		}
	}
	removal.Reason = fmt.Sprintf("its kindctl %s was killed %v ago", record.Command, now.Sub(record.Seen).Round(time.Second))
	if !removal.Empty() || removal.pending > 0 {
		s.Clusters, record.Done = append(s.Clusters, removal), false
	}
	return nil
}

// ownership is whose a cluster is.
type ownership int

const (
	ours    ownership = iota // all of it is the run's, if there is anything
	others                   // none of it is: the run has left nothing, or it is gone
	unclear                  // it has no metadata and is of another time
)

// ownershipOf says whether a cluster with the name of the run's is the run's own.
// Containers without metadata are, if they were created during the run: kind creates none
// where a cluster of the name exists.
func ownershipOf(a *runs.Killed, found provider.Inventory) ownership {
	for _, container := range found.Nodes {
		switch {
		case container.Metadata != nil && container.Metadata.Run == a.Run:
		case container.Metadata != nil || a.Creation == nil:
			return others
		case container.Created.Before(a.Creation.Since) || container.Created.After(a.Seen.Add(a.Creation.Ahead+runs.Heartbeat+straggle)):
			return unclear
		}
	}
	return ours
}

// markDone marks the records of a cluster that is removed as done.
func (s *Sweep) markDone(cluster string) {
	for _, record := range s.records {
		if record.Cluster == cluster && record.Creation != nil && record.Creation.Docker == s.identity {
			record.Done = true
		}
	}
}
