package pool

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/hint"
)

// frozenNode is what a frozen node keeps of memory, in bytes, where none was measured.
const frozenNode = 512 << 20

// Room is how many clusters like those of a pool the memory holds.
type Room struct {
	// Each is what a frozen cluster keeps, in bytes. Measured says that clusters in the pool
	// were, when they were frozen; else it is an estimate by the number of nodes.
	Each     int64
	Measured bool
	// More is how many can be made beside what is there; -1 is unknown.
	More int
}

// RoomFor returns the room for clusters of so many nodes beside those that are in the pool.
// available is the memory that the host has left, in bytes; 0 is unknown.
func RoomFor(nodes int, entries []Entry, available int64) Room {
	room := Room{Each: int64(nodes) * frozenNode, More: -1}
	var sum, number int64
	for _, entry := range entries {
		if entry.State == Ready && entry.Memory > 0 {
			sum, number = sum+entry.Memory, number+1
		}
	}
	if number > 0 {
		room.Each, room.Measured = sum/number, true
	}
	if available > 0 {
		room.More = 0
		if left := available - host.MemoryOf(nodes); left >= 0 {
			room.More = 1 + int(left/room.Each)
		}
	}
	return room
}

// memoryOf is what the frozen nodes of some clusters keep of memory, in bytes.
func memoryOf(entries []Entry) (bytes int64) {
	for _, entry := range entries {
		switch {
		case entry.Memory > 0:
			bytes += entry.Memory
		case !entry.Frozen.IsZero():
			bytes += int64(entry.Nodes) * frozenNode
		}
	}
	return bytes
}

// checkMemory returns an error with advice unless the host has the memory to make so many
// clusters beside those that are there, one after the other, and to keep them frozen. freed is
// memory in bytes that becomes available before. What is not known is no error.
func (p *Pool) checkMemory(ctx context.Context, d Definition, entries []Entry, clusters int, freed int64) error {
	facts, err := host.Probe(ctx, p.Docker.Client())
	if err != nil {
		return err
	}
	available := facts.MemoryBytes
	if available > 0 {
		available += freed
	}
	return enoughMemory(available, d, entries, clusters)
}

func enoughMemory(available int64, d Definition, entries []Entry, clusters int) error {
	nodes := d.Topology.Nodes()
	room := RoomFor(nodes, entries, available)
	if room.More < 0 || room.More >= clusters {
		return nil
	}
	advice := "stop something, or define a smaller pool: kindctl pool set --size 1 --workers 0"
	if fits := d.Size - clusters + room.More; fits > 0 {
		advice = fmt.Sprintf("stop something, or define a pool that fits: kindctl pool set --size %d, with the other flags as before", fits)
	}
	return hint.PoolMemory.New(fmt.Sprintf("%s of memory are available, and %d more take %s: %s while the last one is made, "+
		"and %s for each that is frozen", quantity.Gigabytes(available), clusters,
		quantity.Gigabytes(host.MemoryOf(nodes)+int64(clusters-1)*room.Each), quantity.Gigabytes(host.MemoryOf(nodes)),
		quantity.Gigabytes(room.Each)), advice)
}
