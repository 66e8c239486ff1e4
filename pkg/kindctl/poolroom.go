package kindctl

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/pool"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/hint"
)

// poolFinding says how many clusters the host's memory holds for the pool, if there is one, and
// else for one of clusters like t.
func (c *Client) poolFinding(ctx context.Context, t clusters.Topology, facts host.Facts) (Finding, error) {
	p, d, err := c.definedPool(ctx)
	switch hint.ReasonOf(err) {
	case hint.PoolMissing.Name:
		return roomForPool(t.Nodes(), facts.MemoryBytes), nil
	case hint.PoolDamaged.Name:
		return Finding{ID: poolFindingID, State: host.Warning, Observed: err.Error(), Effect: "up --pool and run --pool fail", Fix: hint.AdviceOf(err)}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	entries, err := p.Entries(ctx, d)
	if err != nil {
		return Finding{}, err
	}
	return roomInPool(d, entries, facts.MemoryBytes), nil
}

const poolFindingID = "pool"

// roomForPool is the finding where no pool is defined.
func roomForPool(nodes int, available int64) Finding {
	finding := Finding{ID: poolFindingID, State: host.OK, Observed: "there is no pool"}
	room := pool.RoomFor(nodes, nil, available)
	switch {
	case room.More < 0:
		finding.Observed += "; how many clusters would fit is not known"
	case room.More == 0:
		finding.Observed += fmt.Sprintf("; the memory that is available holds no cluster of %s in addition", quantity.Count(nodes, "node"))
	default:
		finding.Observed += fmt.Sprintf("; the memory that is available holds %s of %s, about %s each", quantity.Count(room.More, "frozen cluster"),
			quantity.Count(nodes, "node"), quantity.Gigabytes(room.Each))
	}
	return finding
}

// roomInPool is the finding on a pool.
func roomInPool(d Pool, entries []PooledCluster, available int64) Finding {
	ready := 0
	for _, entry := range entries {
		if entry.State == PoolReady {
			ready++
		}
	}
	room := pool.RoomFor(d.Topology.Nodes(), entries, available)
	each := "about"
	if room.Measured {
		each = "as measured"
	}
	finding := Finding{ID: poolFindingID, State: host.OK,
		Observed: fmt.Sprintf("the pool has %d of %s of %s, %s %s each", ready, quantity.Count(d.Size, "cluster"), quantity.Count(d.Topology.Nodes(), "node"),
			each, quantity.Gigabytes(room.Each))}
	if room.More < 0 {
		finding.Observed += "; how many more fit is not known"
		return finding
	}
	finding.Observed += fmt.Sprintf("; the memory that is available holds %d more", room.More)
	if missing := d.Size - ready; missing > room.More {
		finding.State, finding.Effect = host.Warning, fmt.Sprintf("the pool cannot have all of its %s", quantity.Count(d.Size, "cluster"))
		finding.Fix = "stop something, or remove the pool: kindctl pool drain"
		if fits := ready + room.More; fits > 0 {
			finding.Fix = fmt.Sprintf("stop something, or define a smaller pool: kindctl pool set --size %d, with the other flags as before", fits)
		}
	}
	return finding
}
