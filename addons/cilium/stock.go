package cilium

import (
	"context"
	"io/fs"

	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Stock is Cilium as its chart installs it by default, for comparison. What
// differs from the defaults is what the host or the images cannot give.
type Stock struct {
	// SingleNode says that the cluster has one node only.
	SingleNode bool
	// LacksSysResource says that no container can have CAP_SYS_RESOURCE.
	LacksSysResource bool
}

// Source is what Install reads.
func (s Stock) Source() charts.Bundle { return charts.Cilium }

// Install makes the Helm release. It does not wait for the agents.
func (s Stock) Install(ctx context.Context, client *kube.Client, source fs.FS) error {
	ch, err := readChart(source)
	if err != nil {
		return err
	}
	values, err := s.values(ch.Values)
	if err != nil {
		return err
	}
	return helm(ctx, client, ch, values, nil)
}

// values are what differs from the chart's own defaults.
func (s Stock) values(defaults map[string]any) (map[string]any, error) {
	values := map[string]any{"envoy": map[string]any{"enabled": false}}
	if s.SingleNode {
		values["operator"] = map[string]any{"replicas": 1}
	}
	if s.LacksSysResource {
		capabilities, err := without("SYS_RESOURCE", defaults)
		if err != nil {
			return nil, err
		}
		values["securityContext"] = map[string]any{"capabilities": capabilities}
	}
	return values, nil
}

// Settings say what is installed, on any number of nodes.
func (s Stock) Settings() []string {
	settings := []string{
		"the chart of Cilium " + Version + " by Helm's library, with its default values but for the following",
		"envoy.enabled=false: there is no image of Envoy's DaemonSet; one process fewer on each node, which favours this arm",
		"operator.replicas=1 where there is one node: the chart never puts two replicas on the same",
	}
	if s.LacksSysResource {
		settings = append(settings, "without the capability SYS_RESOURCE, which this host can give to no container")
	}
	return settings
}
