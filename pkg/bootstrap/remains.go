package bootstrap

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/pkg/provider"
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

// planTicket looks for what a killed run has left.
func (s *Sweep) planTicket(ctx context.Context, ticket *abandoned, now time.Time) error {
	if ticket.Making != nil && ticket.Making.Docker != s.identity {
		if ticket.settled = now.Sub(ticket.seen) > oblivion; !ticket.settled {
			s.leave(ticket.Cluster, "it is in another Docker; choose that one and run this again")
		}
		return nil
	}
	if free, err := s.claim(ticket.Cluster); err != nil || !free {
		return err
	}
	s.planLocks(ticket)
	found, err := s.docker.Inventory(ctx, ticket.Cluster)
	if err != nil {
		return err
	}
	ticket.settled = true // unless there is something to remove
	switch ticket.owns(found) {
	case others:
		return nil
	case unclear:
		s.leave(ticket.Cluster, "kindctl "+ticket.Command+" was killed, and another cluster of that name exists now; to remove it: kindctl down -n "+ticket.Cluster)
		return nil
	}
	metadata, _ := found.Metadata() // none has come so far as to have a context
	removal, err := planRemoval(ctx, s.docker, found, s.kubeconfigs(metadata), portsOf(found))
	if err != nil {
		return err
	}
	if ticket.Making != nil {
		if err := removal.addNetworks(ctx, s.docker, ticket.Making.Network); err != nil {
			return err
		}
		if now.Sub(ticket.seen) < unsettling {
			removal.pending = len(ticket.Making.Containers)
		}
	}
	removal.Reason = fmt.Sprintf("its kindctl %s was killed %v ago", ticket.Command, now.Sub(ticket.seen).Round(time.Second))
	if !removal.Empty() || removal.pending > 0 {
		s.Clusters, ticket.settled = append(s.Clusters, removal), false
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

// owns judges a cluster that has the name which the run was to make. Containers
// without metadata are the run's if they are of its time: kind makes none where
// there are some.
func (a *abandoned) owns(found provider.Inventory) ownership {
	for _, container := range found.Nodes {
		switch {
		case container.Metadata != nil && container.Metadata.Run == a.Run:
		case container.Metadata != nil || a.Making == nil:
			return others
		case container.Created.Before(a.Making.Since) || container.Created.After(a.seen.Add(a.Making.Ahead+alive+straggle)):
			return unclear
		}
	}
	return ours
}

// settle ends the tickets of a cluster that is removed.
func (s *Sweep) settle(cluster string) {
	for _, ticket := range s.tickets {
		if ticket.Cluster == cluster && ticket.Making != nil && ticket.Making.Docker == s.identity {
			ticket.settled = true
		}
	}
}
