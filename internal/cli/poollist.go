package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// listedPool is the pool for machines.
type listedPool struct {
	// Size is the number of clusters to keep ready; 0 means that there is no pool.
	Size     int                     `json:"size"`
	Config   *clusters.Topology      `json:"config,omitempty"`
	Clusters []kindctl.PooledCluster `json:"clusters"`
	kindctl.PoolStatus
}

func listPool(c *cli.Context) error {
	listed := listedPool{Clusters: []kindctl.PooledCluster{}}
	pool, err := clientOf(c).Pool(c.Context)
	if err == nil {
		listed.Size, listed.Config = pool.Size, &pool.Topology
		var found []kindctl.PooledCluster
		found, err = clientOf(c).PooledClusters(c.Context)
		listed.Clusters = append(listed.Clusters, found...)
	}
	if err == nil {
		listed.PoolStatus, err = clientOf(c).PoolStatus(c.Context)
	}
	if err != nil && hint.ReasonOf(err) != hint.PoolMissing.Name {
		return err
	}
	switch {
	case c.String("output") == "json":
		return report.JSON(c.App.Writer, listed)
	case c.String("output") == "name":
		for _, one := range listed.Clusters {
			fmt.Fprintln(c.App.Writer, one.Name)
		}
	case listed.Size > 0:
		return tableOfPool(c.App.Writer, listed, time.Now())
	case !isOn(c, "quiet"):
		fmt.Fprintln(c.App.ErrWriter, "there is no pool; define one: kindctl pool set --size 2")
	}
	return nil
}

func tableOfPool(out io.Writer, pool listedPool, now time.Time) error {
	ready := 0
	for _, one := range pool.Clusters {
		if one.State == kindctl.PoolReady {
			ready++
		}
	}
	t := pool.Config
	fmt.Fprintf(out, "%d of %s ready: %s, %s, CNI %s, kube-proxy mode %s\n", ready, quantity.Count(pool.Size, "cluster"),
		quantity.Count(t.ControlPlanes, "control plane"), quantity.Count(t.Workers, "worker"), t.CNI, t.ProxyMode)
	if pool.Served {
		fmt.Fprintln(out, "kindctl pool serve keeps it filled")
	}
	if pool.Kept != "" {
		fmt.Fprintln(out, pool.Kept)
	}
	if len(pool.Clusters) > 0 {
		if err := tableOfPooled(out, pool.Clusters, now); err != nil {
			return err
		}
	}
	if pool.LastFailure != nil {
		printFailedFill(out, *pool.LastFailure, now)
	}
	return nil
}

func tableOfPooled(out io.Writer, pooled []kindctl.PooledCluster, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nNAME\tSTATE\tNODES\tMEMORY\tAGE\tKINDCTL")
	for _, one := range pooled {
		state, memory := string(one.State), "-"
		if one.Problem != "" {
			state += " (" + one.Problem + ")"
		}
		if one.Memory > 0 {
			memory = quantity.Gigabytes(one.Memory)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", one.Name, state, one.Nodes, memory, duration.HumanDuration(now.Sub(one.Created)),
			one.Version)
	}
	return table.Flush()
}

func printFailedFill(out io.Writer, failed kindctl.FailedFill, now time.Time) {
	fmt.Fprintf(out, "\nThe last fill in the background failed %s ago: %s\n", duration.HumanDuration(now.Sub(failed.Time)), failed.Message)
	if failed.Advice != "" {
		fmt.Fprintf(out, "  hint: %s\n", failed.Advice)
	}
	log := failed.Log
	if log == "" {
		log = "the output of kindctl pool serve"
	}
	fmt.Fprintf(out, "  log: %s\n", log)
}
