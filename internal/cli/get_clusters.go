package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/provider"
)

// clusterEntry is a cluster as the list shows it.
type clusterEntry struct {
	Name string `json:"name"`
	// Nodes are its containers, with the load balancer, of which Running run.
	Nodes   int `json:"nodes"`
	Running int `json:"running"`
	// Kindctl says that kindctl made it, and not kind or somebody else with kind.
	Kindctl bool `json:"kindctl"`
	origin
}

// origin is what a cluster's metadata tells. One that an older kindctl made, or kind,
// tells nothing.
type origin struct {
	Owner   string    `json:"owner,omitempty"`
	Run     string    `json:"run,omitempty"`
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	// SecondsLeft are negative once the cluster has expired; nil is never.
	SecondsLeft *int64 `json:"secondsLeft,omitempty"`
}

func originOf(metadata provider.Metadata, now time.Time) origin {
	o := origin{Owner: metadata.Owner, Run: metadata.Run, Created: metadata.Created, Expires: metadata.Expires}
	if left, limited := metadata.Left(now); limited {
		seconds := int64(left.Round(time.Second) / time.Second)
		o.SecondsLeft = &seconds
	}
	return o
}

// left is how long a cluster has, for people.
func (o origin) left() string {
	switch {
	case o.SecondsLeft == nil:
		return "-"
	case *o.SecondsLeft <= 0:
		return "expired"
	}
	return duration.HumanDuration(time.Duration(*o.SecondsLeft) * time.Second)
}

func getClusters(c *cli.Context) error {
	docker, err := openDocker(c)
	if err != nil {
		return err
	}
	there, err := docker.Inventories(c.Context)
	if err != nil {
		return err
	}
	found := []clusterEntry{}
	for _, one := range there {
		found = append(found, listOne(one, time.Now()))
	}
	switch {
	case c.String("output") == "json":
		return report.JSON(c.App.Writer, found)
	case len(found) == 0 && !isOn(c, "quiet"):
		fmt.Fprintln(c.App.ErrWriter, "there are no clusters; make one: kindctl up")
	case c.String("output") == "name":
		for _, one := range found {
			fmt.Fprintln(c.App.Writer, one.Name)
		}
	case len(found) > 0:
		return tableOfClusters(c.App.Writer, found, time.Now())
	}
	return nil
}

func listOne(found provider.Inventory, now time.Time) clusterEntry {
	metadata, made := found.Metadata()
	one := clusterEntry{Name: found.Cluster, Nodes: len(found.Nodes), Kindctl: made, origin: originOf(metadata, now)}
	for _, node := range found.Nodes {
		if node.Running() {
			one.Running++
		}
		if metadata.Created.IsZero() && (one.Created.IsZero() || node.Created.Before(one.Created)) {
			one.Created = node.Created
		}
	}
	return one
}

func tableOfClusters(out io.Writer, found []clusterEntry, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tRUNNING\tMADE BY\tAGE\tTIME LEFT")
	for _, one := range found {
		by, age := "kind", "-"
		switch {
		case one.Owner != "":
			by = one.Owner
		case one.Kindctl:
			by = "kindctl"
		}
		if !one.Created.IsZero() {
			age = duration.HumanDuration(now.Sub(one.Created))
		}
		fmt.Fprintf(table, "%s\t%d/%d\t%s\t%s\t%s\n", one.Name, one.Running, one.Nodes, by, age, one.left())
	}
	return table.Flush()
}
