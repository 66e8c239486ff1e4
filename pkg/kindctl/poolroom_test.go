package kindctl

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/host"
)

func TestRoomInPool(t *testing.T) {
	const gigabyte = 1 << 30
	ready := PooledCluster{State: PoolReady, Nodes: 3, Memory: 1200 << 20}
	for name, tt := range map[string]struct {
		size      int
		entries   []PooledCluster
		available int64
		state     host.State
		text      string
	}{
		"room for what is missing": {2, []PooledCluster{ready}, 6 * gigabyte, host.OK, "1 of 2 clusters of 3 nodes, as measured 1.2 GB each; the memory that is available holds 3 more"},
		"full":                     {1, []PooledCluster{ready}, gigabyte, host.OK, "holds 0 more"},
		"too large":                {8, []PooledCluster{ready}, 6 * gigabyte, host.Warning, "--size 4, with the other flags"},
		"no room at all":           {1, nil, gigabyte, host.Warning, "kindctl pool drain"},
		"nothing measured":         {1, nil, 9 * gigabyte, host.OK, "0 of 1 cluster of 3 nodes, about 1.5 GB each"},
		"not known":                {9, nil, 0, host.OK, "how many more fit is not known"},
	} {
		found := roomInPool(Pool{Size: tt.size, Topology: topology(t, "workers: 2")}, tt.entries, tt.available)
		if text := found.Observed + " " + found.Fix; found.State != tt.state || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %s: %s", name, found.State, text)
		}
	}
}

func TestRoomForPool(t *testing.T) {
	for available, text := range map[int64]string{
		0: "is not known", 1 << 30: "holds no cluster of 3 nodes in addition", 7 << 30: "holds 3 frozen clusters of 3 nodes, about 1.5 GB each",
	} {
		if found := roomForPool(3, available); found.State != host.OK || !strings.Contains(found.Observed, text) {
			t.Errorf("%d bytes: %s: %s", available, found.State, found.Observed)
		}
	}
}
