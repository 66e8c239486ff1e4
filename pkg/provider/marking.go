package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// Marking writes a marker into the containers of a cluster as Docker makes them,
// so that whoever dies half way leaves nothing that nobody owns up to.
type Marking struct {
	docker  *Docker
	marker  Marker
	archive []byte
	stop    context.CancelFunc
	watch   sync.WaitGroup

	mu     sync.Mutex
	marked map[string]bool // by ID
}

// Mark begins to mark the containers of marker.Cluster. Finish must be called
// once they are made; it ends with ctx too.
func (d *Docker) Mark(ctx context.Context, marker Marker) (*Marking, error) {
	archive, err := archived(marker)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	m := &Marking{docker: d, marker: marker, archive: archive, stop: stop, marked: map[string]bool{}}
	told := d.api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.
		Add("type", string(events.ContainerEventType)).
		// A container that cannot be written to yet can be when it starts.
		Add("event", string(events.ActionCreate), string(events.ActionStart)).
		Add("label", clusterLabel+"="+marker.Cluster)})
	m.watch.Go(func() { _ = m.listen(ctx, told) }) // Finish makes good what was missed
	return m, nil
}

// listen marks containers until Docker tells no more, at the latest when ctx ends.
func (m *Marking) listen(ctx context.Context, told client.EventsResult) error {
	for {
		select {
		case event := <-told.Messages:
			_ = m.write(ctx, event.Actor.ID) // Finish tries again
		case err := <-told.Err:
			return err
		}
	}
}

// Finish ends the watch and marks what it has missed.
func (m *Marking) Finish(ctx context.Context) error {
	m.Stop()
	members, err := m.docker.members(ctx, m.marker.Cluster)
	if err != nil {
		return err
	}
	for _, member := range members {
		if err := m.write(ctx, member.id); err != nil {
			return fmt.Errorf("mark node %s: %w", member.name, err)
		}
	}
	return nil
}

// Stop ends the watch.
func (m *Marking) Stop() {
	m.stop()
	m.watch.Wait()
}

func (m *Marking) write(ctx context.Context, container string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marked[container] {
		return nil
	}
	_, err := m.docker.api.CopyToContainer(ctx, container, client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(m.archive)})
	m.marked[container] = err == nil
	return err
}

// archived is a marker as Docker takes files. The load balancer has no directory
// for it.
func archived(marker Marker) ([]byte, error) {
	data, err := json.Marshal(marker)
	if err != nil {
		return nil, err
	}
	return packed(marker.Created, File{Path: markerFile, Mode: 0o644, Content: data})
}
