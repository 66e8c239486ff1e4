package gc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Repair is what a killed command has left in a cluster, which stays.
type Repair struct {
	Cluster string `json:"cluster"`
	Reason  string `json:"reason"`
	// Paused are nodes that are resumed.
	Paused []string `json:"paused,omitempty"`
	// Helpers are containers that are removed.
	Helpers []string `json:"helpers,omitempty"`
	// Kept are nodes in whose volumes data is removed that a reset has unpacked or replaced.
	Kept []string `json:"kept,omitempty"`

	record *runs.Killed
}

// Titles says what Run would do, a line for each thing.
func (r Repair) Titles() (lines []string) {
	for _, name := range r.Paused {
		lines = append(lines, "resume "+name)
	}
	for _, name := range r.Helpers {
		lines = append(lines, "remove container "+name)
	}
	for _, name := range r.Kept {
		lines = append(lines, "remove what the reset has left in "+name)
	}
	return lines
}

// planRepair looks for what a killed command has left in a cluster that was there before.
func (s *Sweep) planRepair(ctx context.Context, record *runs.Killed, now time.Time) error {
	if free, err := s.lock(record.Cluster); err != nil || !free {
		return err
	}
	found, err := s.docker.Inventory(ctx, record.Cluster)
	if err != nil {
		return err
	}
	metadata, _, err := found.Metadata()
	if err == nil {
		err = metadata.EnsureWhole(record.Cluster)
	}
	if err != nil {
		s.skip(record.Cluster, err.Error()+"; "+hint.AdviceOf(err))
		return nil
	}
	r := Repair{Cluster: record.Cluster, record: record,
		Reason: fmt.Sprintf("its kindctl %s was killed %v ago", record.Command, now.Sub(record.Seen).Round(time.Second))}
	for _, node := range found.Nodes {
		if node.Paused() && record.Command == runs.Save {
			r.Paused = append(r.Paused, node.Name)
		}
		if helper := provider.HelperName(node.Name); slices.Contains(found.Companions, helper) {
			r.Helpers = append(r.Helpers, helper)
		}
		if !node.HasKubelet() || record.Command != runs.Reset {
			continue
		}
		kept, err := s.docker.HasKept(ctx, node)
		if err != nil {
			return err
		}
		if kept {
			r.Kept = append(r.Kept, node.Name)
		}
	}
	if record.Done = len(r.Titles()) == 0; !record.Done {
		s.Repairs = append(s.Repairs, r)
	}
	return nil
}

// run repairs the cluster, which must be locked.
func (r Repair) run(ctx context.Context, docker *provider.Docker) error {
	cluster := docker.Cluster(r.Cluster)
	var paused []*provider.Node
	for _, name := range r.Paused {
		paused = append(paused, cluster.Node(name))
	}
	failures := []error{provider.Unpause(ctx, paused)}
	for _, name := range r.Helpers {
		failures = append(failures, cluster.Node(name).Remove(ctx))
	}
	for _, name := range r.Kept {
		helper, err := cluster.Node(name).Helper(ctx)
		if err == nil {
			err = errors.Join(helper.DropKept(ctx), helper.Close(context.WithoutCancel(ctx)))
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// repair works through the repairs.
func (s *Sweep) repair(ctx context.Context, docker *provider.Docker, sink event.Sink) (failures []error) {
	for _, r := range s.Repairs {
		span := event.Start(sink, event.Event{Scope: event.Phase, ID: "gc", Title: "Repair cluster " + r.Cluster})
		if err := r.run(ctx, docker); err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
			failures = append(failures, fmt.Errorf("repair cluster %s: %w", r.Cluster, err))
			continue
		}
		span.Done(r.Reason)
		r.record.Done = true
	}
	return failures
}

// planDrafts takes the unfinished snapshots of clusters that no command is changing.
func (s *Sweep) planDrafts(drafts map[string][]string) error {
	for _, cluster := range slices.Sorted(maps.Keys(drafts)) {
		free, err := s.lock(cluster)
		if err != nil {
			return err
		}
		if free {
			s.Drafts = append(s.Drafts, drafts[cluster]...)
		}
	}
	return nil
}

// removeDraft removes an unfinished snapshot, and the directory that it is in if that is empty.
func removeDraft(dir string) error {
	err := os.RemoveAll(dir)
	_ = os.Remove(filepath.Dir(dir)) // which stays if it holds others
	return err
}
