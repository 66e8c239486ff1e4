package cilium

import (
	"encoding/json"
	"fmt"
	"strings"
)

// connectivity is what is needed of "cilium-health status -o json"
// (HealthStatusResponse in Cilium's health API v1).
type connectivity struct {
	Nodes []struct {
		Name string
		Host struct {
			PrimaryAddress path `json:"primary-address"`
		}
		HealthEndpoint struct {
			PrimaryAddress path `json:"primary-address"`
		} `json:"health-endpoint"`
	}
}

// path is one way to a node: to its own address, or to the endpoint that every
// agent keeps on the pod network. An empty status means that it was reached.
type path struct {
	IP         string
	HTTP, ICMP *struct{ Status string }
}

func (p path) problem() string {
	var problems []string
	if p.HTTP == nil || p.ICMP == nil {
		problems = append(problems, "it was not probed")
	}
	if p.HTTP != nil && p.HTTP.Status != "" {
		problems = append(problems, "HTTP: "+p.HTTP.Status)
	}
	if p.ICMP != nil && p.ICMP.Status != "" {
		problems = append(problems, "ICMP: "+p.ICMP.Status)
	}
	return strings.Join(problems, ", ")
}

// judgeMesh wants an agent to have reached every node, itself included, and
// the health endpoint on it.
func judgeMesh(nodes int) func(string) (string, error) {
	return func(out string) (seen string, err error) {
		var c connectivity
		if err := json.Unmarshal([]byte(out), &c); err != nil {
			return "", fmt.Errorf("its connectivity cannot be read: %w", err)
		}
		if len(c.Nodes) != nodes {
			return "", fmt.Errorf("it knows %d nodes, not %d", len(c.Nodes), nodes)
		}
		var broken []string
		for _, node := range c.Nodes {
			if problem := node.Host.PrimaryAddress.problem(); problem != "" {
				broken = append(broken, fmt.Sprintf("node %s at %s: %s", node.Name, node.Host.PrimaryAddress.IP, problem))
			}
			if problem := node.HealthEndpoint.PrimaryAddress.problem(); problem != "" {
				broken = append(broken, fmt.Sprintf("health endpoint of %s at %s: %s", node.Name, node.HealthEndpoint.PrimaryAddress.IP, problem))
			}
		}
		if len(broken) > 0 {
			return "", fmt.Errorf("does not reach %s", strings.Join(broken, "; "))
		}
		return fmt.Sprintf("reaches %d nodes and their health endpoints", nodes), nil
	}
}
