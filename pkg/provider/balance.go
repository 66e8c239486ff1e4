package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/yaml"
)

// backends is the file of the load balancer that lists the control planes (kind
// v0.33.0, pkg/cluster/internal/loadbalancer). Envoy reads it again when another
// file is moved into its place.
const backends = "/home/envoy/cds.yaml"

// Balance has the load balancer spread connections over these control planes alone.
func (d *Docker) Balance(ctx context.Context, cluster string, planes []string) error {
	listed, err := silent().ListNodes(cluster)
	if err != nil {
		return err
	}
	front, err := nodeutils.ExternalLoadBalancerNode(listed)
	if err != nil || front == nil {
		return errors.Join(err, errors.New("the cluster has no load balancer"))
	}
	data, err := d.ReadFile(ctx, front.String(), backends)
	if err != nil {
		return err
	}
	changed, err := balanced(data, planes)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", backends, front, err)
	}
	const draft = backends + ".tmp"
	if err := nodeutils.WriteFile(front, draft, string(changed)); err != nil {
		return fmt.Errorf("write %s in %s: %w", draft, front, explain(err))
	}
	if err := front.CommandContext(ctx, "sh", "-c", "chmod 666 "+draft+" && mv "+draft+" "+backends).Run(); err != nil {
		return fmt.Errorf("replace %s in %s: %w", backends, front, explain(err))
	}
	return nil
}

// HasBalancer tells whether a cluster has a load balancer in front.
func (d *Docker) HasBalancer(ctx context.Context, cluster string) (bool, error) {
	members, err := d.members(ctx, cluster)
	return slices.ContainsFunc(members, func(m *member) bool { return m.role == constants.ExternalLoadBalancerNodeRoleValue }), err
}

// balanced is the file with other control planes.
func balanced(data []byte, planes []string) ([]byte, error) {
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if len(file.Resources) != 1 {
		return nil, fmt.Errorf("it has %d clusters, expected 1", len(file.Resources))
	}
	assignment, ok := file.Resources[0]["load_assignment"].(map[string]any)
	if !ok {
		return nil, errors.New("its cluster has no load_assignment")
	}
	var endpoints []any
	for _, plane := range planes {
		address := map[string]any{"socket_address": map[string]any{"address": plane, "port_value": apiServer}}
		endpoints = append(endpoints, map[string]any{"endpoint": map[string]any{"address": address}})
	}
	assignment["endpoints"] = []any{map[string]any{"lb_endpoints": endpoints}}
	return yaml.Marshal(file)
}
