package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// SaveConfig says what is saved, and where.
type SaveConfig struct {
	Store         Store
	Cluster, Name string
	// Replace has the snapshot take the place of one of the same name.
	Replace bool
	// Docker has the cluster.
	Docker *provider.Docker
	// Version is that of kindctl.
	Version string
	// CNIs are those that are recognized in a cluster without a record.
	CNIs []verify.CNI
	Sink event.Sink
}

// Save takes a snapshot of a cluster that runs.
type Save struct {
	SaveConfig

	nodes   []*provider.Node
	client  *kube.Client
	helpers []*provider.Helper
	draft   *draft

	// Manifest describes what was saved.
	Manifest Manifest
}

// NewSave prepares to take a snapshot.
func NewSave(config SaveConfig) *Save { return &Save{SaveConfig: config} }

// Plan is the recipe of "snapshot save". Estimates are for three nodes on two cores.
func (s *Save) Plan() []plan.Phase {
	return []plan.Phase{
		{Name: "look", Title: "Inspect the cluster", Estimate: time.Second, Run: s.look},
		{Name: "settle", Title: "Wait for verification objects to be deleted", Estimate: time.Second, Run: s.awaitCleanup},
		{Name: "files", Title: "Save the nodes' own files", Estimate: time.Second, Run: s.saveFiles, Undo: s.discard},
		{Name: "volumes", Title: "Save the nodes' data while they are paused", Estimate: 3 * time.Second, Run: s.saveVolumes},
	}
}

// undoTimeout bounds the removal of what a save that failed has made.
const undoTimeout = time.Minute

// Run works through the plan. When it fails, no snapshot is left and the cluster keeps running.
func (s *Save) Run(ctx context.Context) error {
	release, err := runs.Lock(s.Cluster)
	if err != nil {
		return err
	}
	defer release()
	if err := s.Store.EnsureFree(s.Cluster, s.Name, s.Replace); err != nil {
		return err
	}
	record, err := opened(ctx, s.Docker, runs.Save, s.Cluster)
	if err != nil {
		return err
	}
	err = plan.Run(ctx, s.Plan(), plan.Options{Sink: s.Sink, UndoTimeout: undoTimeout})
	return errors.Join(err, closeHelpers(ctx, s.helpers), record.End(true))
}

// opened begins the record of a command that changes a cluster, for gc after a kill.
func opened(ctx context.Context, docker *provider.Docker, command, cluster string) (*runs.Record, error) {
	engine, _, err := docker.Identity(ctx)
	if err != nil {
		return nil, err
	}
	record, err := runs.Open(command, cluster)
	if err != nil {
		return nil, err
	}
	return record, record.Change(func(e *runs.Entry) { e.Changes = engine })
}

func (s *Save) cluster() provider.Cluster { return s.Docker.Cluster(s.Cluster) }

func (s *Save) discard(context.Context) error {
	if s.draft == nil {
		return nil
	}
	return s.draft.discard()
}

// look finds out what the cluster is, and refuses what cannot be saved whole.
func (s *Save) look(ctx context.Context, _ *event.Span) (string, error) {
	metadata, err := metadataOf(ctx, s.cluster())
	if err != nil {
		return "", err
	}
	if err := metadata.EnsureWhole(s.Cluster); err != nil {
		return "", err
	}
	nodes, err := nodesOf(ctx, s.cluster())
	if err != nil {
		return "", err
	}
	if err := provider.Unpause(ctx, nodes); err != nil { // which a killed save has left
		return "", err
	}
	if err := lifecycle.EnsureRunning(ctx, s.cluster()); err != nil {
		return "", err
	}
	if err := ensureWithin(ctx, nodes); err != nil {
		return "", err
	}
	s.nodes = nodes
	s.Manifest = Manifest{APIVersion: apiVersion, Kind: kind, Name: s.Name, Cluster: s.Cluster, Kindctl: s.Version}
	s.Manifest.Nodes = make([]Node, len(nodes))
	if s.Manifest.Authority, err = authorityOf(ctx, s.Cluster, nodes); err != nil {
		return "", err
	}
	if s.Manifest.Docker, _, err = s.Docker.Identity(ctx); err != nil {
		return "", err
	}
	if s.Manifest.Machine, err = s.Docker.Machine(ctx); err != nil {
		return "", err
	}
	if s.Manifest.Subnets, err = s.Docker.Subnets(ctx, nodes[0].Network); err != nil {
		return "", err
	}
	if s.client, err = health.Connect(ctx, s.cluster()); err != nil {
		return "", err
	}
	return "", s.ask(ctx)
}

// awaitCleanup waits for verifications that have ended: their pods would run again after each reset.
func (s *Save) awaitCleanup(ctx context.Context, _ *event.Span) (string, error) {
	return health.Settled(ctx, s.client)
}

// ask reads what the cluster was made to be.
func (s *Save) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kube.ContactTimeout)
	defer cancel()
	unreachable := func(err error) error {
		return hint.APIUnreachable.Wrap(err, fmt.Sprintf("the API server of cluster %s does not answer as it should", s.Cluster),
			"see what is wrong: kindctl verify -n "+s.Cluster)
	}
	var err error
	if s.Manifest.Kubernetes, err = s.client.Version(ctx); err != nil {
		return unreachable(err)
	}
	made, has, err := record.Read(ctx, s.client)
	if err == nil && has {
		s.Manifest.CNI = made.Expect.CNI
		if made.Config != nil {
			s.Manifest.Config, err = json.Marshal(made.Config)
		}
		return err
	}
	expect := verify.Expectation{}
	if err == nil {
		expect, err = record.Discover(ctx, s.client, s.CNIs...)
	}
	s.Manifest.CNI = expect.CNI
	if err != nil && hint.ReasonOf(err) == "" {
		err = unreachable(err)
	}
	return err
}

// saveFiles saves what the nodes' own file systems have beyond their images, while the nodes
// run: these files change with the configuration alone.
func (s *Save) saveFiles(ctx context.Context, _ *event.Span) (_ string, err error) {
	if s.draft, err = s.Store.create(s.Cluster, s.Name); err != nil {
		return "", err
	}
	return "", s.each(ctx, func(ctx context.Context, i int) (err error) {
		node, saved := s.nodes[i], &s.Manifest.Nodes[i]
		saved.Name, saved.Role, saved.Image, saved.ImageName = node.Name, node.Role, node.Image, node.ImageName
		saved.Addresses = node.Addresses()
		if saved.Layer, err = node.Layer(ctx); err != nil {
			return err
		}
		saved.Files, err = s.draft.write(node.Name+".files.tar.zst", func(out io.Writer) error { return node.PackLayer(ctx, saved.Layer, out) })
		return err
	})
}

// saveVolumes copies the volumes of all nodes at one moment. What a process has written is
// there, whether it has reached the disk or not, and databases recover from such a copy as
// from the end of their process.
func (s *Save) saveVolumes(ctx context.Context, _ *event.Span) (string, error) {
	var err error
	if s.helpers, err = makeHelpers(ctx, s.nodes); err != nil {
		return "", s.failed(ctx, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // which ends copies that were never begun
	ready, begin, copied := make(chan struct{}, len(s.nodes)), make(chan struct{}), make(chan error, 1)
	go func() { copied <- s.copyVolumes(ctx, ready, begin) }()
	for range s.nodes {
		select {
		case <-ready:
		case err := <-copied:
			return "", err
		}
	}
	var paused time.Duration
	err = provider.Paused(ctx, s.nodes, func() error {
		s.Manifest.Created = time.Now().UTC()
		close(begin)
		err := <-copied
		paused = time.Since(s.Manifest.Created)
		return err
	})
	if err = s.failed(ctx, err); err == nil {
		err = s.draft.finish(s.Manifest)
	}
	return fmt.Sprintf("%.1f MB, paused for %.1f s", float64(s.Manifest.Size())/1e6, paused.Seconds()), err
}

// copyVolumes prepares to copy all volumes, reports each one to ready, and copies them once
// begin is closed.
func (s *Save) copyVolumes(ctx context.Context, ready chan<- struct{}, begin <-chan struct{}) error {
	return s.each(ctx, func(ctx context.Context, i int) (err error) {
		s.Manifest.Nodes[i].Volume, err = s.draft.write(s.nodes[i].Name+".var.tar.zst", func(out io.Writer) error {
			return s.helpers[i].PackVolume(ctx, out, func() error {
				ready <- struct{}{}
				select {
				case <-begin:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
		})
		return err
	})
}

// each saves something of all nodes at once, by their index.
func (s *Save) each(ctx context.Context, save func(context.Context, int) error) error {
	group, bounded := errgroup.WithContext(ctx)
	for i := range s.nodes {
		group.Go(func() error { return save(bounded, i) })
	}
	return s.failed(ctx, group.Wait())
}

// failed gives an error that has no reason one; nil is none.
func (s *Save) failed(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || hint.ReasonOf(err) != "" {
		return err
	}
	return hint.SnapshotFailed.Wrap(err, fmt.Sprintf("cluster %s could not be saved", s.Cluster),
		"see whether there is space: df -h "+filepath.Dir(s.Store.Dir))
}
