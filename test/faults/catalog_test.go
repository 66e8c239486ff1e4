//go:build faults

package faults

import (
	"context"
	"slices"

	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/pkg/verify"
)

// stage is a cluster and what is broken in it.
type stage struct {
	name   string
	up     []string
	agent  string // the CNI's DaemonSet
	faults []fault
}

// stages are independent of each other: each may be run alone, also beside the
// others by a process of its own.
var stages = []stage{
	{
		"calico",
		[]string{"--config", "testdata/asked.yaml", "--cni", "calico", "--workers", "2"},
		"calico-node",
		append(shownBy("calico"), frozenAtRemoval("iptables-save -t nat | grep 'cluster IP'")),
	},
	{
		"nftables",
		[]string{"--cni", "calico", "--proxy-mode", "nftables", "--workers", "1"},
		"calico-node",
		append(shownBy("nftables"), frozenAtRemoval("nft list map ip kube-proxy service-ips")),
	},
	{"cilium", []string{"--cni", "cilium", "--proxy-mode", "none", "--workers", "2"}, "cilium", shownBy("cilium")},
}

// fault breaks one thing.
type fault struct {
	id, check, what string
	outcome         verify.Outcome // that the check must have
	// inject breaks the cluster and returns what heals it.
	inject func(*cluster) (heal func())
}

// shownBy are the faults of the catalog that a stage shows.
func shownBy(stage string) (found []fault) {
	for _, f := range faults.All() {
		if slices.Contains(f.Stages, stage) {
			found = append(found, fault{f.ID, f.Check, f.What, f.Outcome(), func(c *cluster) func() { return c.inject(f) }})
		}
	}
	return found
}

// inject breaks a cluster with a fault of the catalog.
func (c *cluster) inject(f faults.Fault) (heal func()) {
	c.Helper()
	broken := c.broken()
	undo, err := f.Look(context.Background(), broken)
	if err != nil {
		c.Fatal(err)
	}
	heal = func() {
		c.Helper()
		if err := f.Heal(context.Background(), broken, undo); err != nil {
			c.Errorf("%v", err)
		}
	}
	if err := f.Inject(context.Background(), broken, undo); err != nil {
		heal()
		c.Fatal(err)
	}
	return heal
}
