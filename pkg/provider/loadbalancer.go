package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/kind/pkg/cluster/constants"
	"sigs.k8s.io/yaml"
)

// backends is the file of the load balancer that lists the control planes (kind
// v0.33.0, pkg/cluster/internal/loadbalancer). Envoy reads it again when another
// file is moved into its place.
const backends = "/home/envoy/cds.yaml"

// Balance has the load balancer spread connections over these control planes alone.
func (c Cluster) Balance(ctx context.Context, planes []string) error {
	front, err := c.loadBalancer(ctx)
	if err == nil && front == nil {
		err = errors.New("the cluster has no load balancer")
	}
	if err != nil {
		return err
	}
	data, err := front.ReadFile(ctx, backends)
	if err != nil {
		return err
	}
	changed, err := balanced(data, planes)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", backends, front.Name, err)
	}
	const draft = backends + ".tmp"
	if err := front.pipe(ctx, bytes.NewReader(changed), io.Discard, "sh", "-c", "cp /dev/stdin "+draft+" && chmod 666 "+draft+" && mv "+draft+" "+backends); err != nil {
		return fmt.Errorf("replace %s in %s: %w", backends, front.Name, err)
	}
	return nil
}

// HasLoadBalancer reports whether a cluster has a load balancer in front.
func (c Cluster) HasLoadBalancer(ctx context.Context) (bool, error) {
	front, err := c.loadBalancer(ctx)
	return front != nil, err
}

// loadBalancer is nil where there is none.
func (c Cluster) loadBalancer(ctx context.Context) (*Node, error) {
	nodes, err := c.Nodes(ctx)
	for _, n := range nodes {
		if n.Role == constants.ExternalLoadBalancerNodeRoleValue {
			return n, err
		}
	}
	return nil, err
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
