package main

import (
	"fmt"
	"maps"
	"time"
)

// cluster is a resource of the file of clusters.
type cluster struct {
	Type           string           `yaml:"@type"`
	Name           string           `yaml:"name"`
	ConnectTimeout duration         `yaml:"connect_timeout"`
	Discovery      string           `yaml:"type"`
	Policy         string           `yaml:"lb_policy"`
	Family         string           `yaml:"dns_lookup_family"`
	HealthChecks   []healthCheck    `yaml:"health_checks"`
	Transports     []transportMatch `yaml:"transport_socket_matches"`
	Assignment     struct {
		Cluster   string `yaml:"cluster_name"`
		Endpoints []struct {
			Group []struct {
				Endpoint struct {
					Address address `yaml:"address"`
				} `yaml:"endpoint"`
			} `yaml:"lb_endpoints"`
		} `yaml:"endpoints"`
	} `yaml:"load_assignment"`
}

type healthCheck struct {
	Timeout            duration          `yaml:"timeout"`
	Interval           duration          `yaml:"interval"`
	UnhealthyThreshold int               `yaml:"unhealthy_threshold"`
	HealthyThreshold   int               `yaml:"healthy_threshold"`
	InitialJitter      duration          `yaml:"initial_jitter"`
	NoTrafficInterval  duration          `yaml:"no_traffic_interval"`
	LogFailures        bool              `yaml:"always_log_health_check_failures"`
	LogSuccess         bool              `yaml:"always_log_health_check_success"`
	EventLog           string            `yaml:"event_log_path"`
	HTTP               *httpCheck        `yaml:"http_health_check"`
	TCP                *struct{}         `yaml:"tcp_health_check"`
	Transport          map[string]string `yaml:"transport_socket_match_criteria"`
}

type httpCheck struct {
	Path string `yaml:"path"`
}

// transportMatch gives connections of certain criteria a transport.
type transportMatch struct {
	Name   string            `yaml:"name"`
	Match  map[string]string `yaml:"match"`
	Socket struct {
		Name   string `yaml:"name"`
		Config struct {
			Type string `yaml:"@type"`
			TLS  struct {
				Validation struct {
					Trust string `yaml:"trust_chain_verification"`
				} `yaml:"validation_context"`
			} `yaml:"common_tls_context"`
		} `yaml:"typed_config"`
	} `yaml:"transport_socket"`
}

const (
	clusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	tlsType     = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
	untrusted   = "ACCEPT_UNTRUSTED"
)

// Envoy's defaults.
const (
	defaultConnectTimeout    = duration(5 * time.Second)
	defaultNoTrafficInterval = duration(60 * time.Second)
)

// complete fills in defaults and refuses what this program cannot do.
func (c *cluster) complete() error {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = defaultConnectTimeout
	}
	switch {
	case c.Type != clusterType:
		return fmt.Errorf("resource of type %q is not a cluster", c.Type)
	case c.Discovery != "STRICT_DNS" && c.Discovery != "STATIC":
		return fmt.Errorf("cluster %s: discovery %q cannot be used", c.Name, c.Discovery)
	case c.Policy != "" && c.Policy != "ROUND_ROBIN":
		return fmt.Errorf("cluster %s: policy %q cannot be used", c.Name, c.Policy)
	case len(c.HealthChecks) > 1:
		return fmt.Errorf("cluster %s: only one health check can be used", c.Name)
	case c.network() == "":
		return fmt.Errorf("cluster %s: address family %q cannot be used", c.Name, c.Family)
	}
	for i := range c.HealthChecks {
		if err := c.HealthChecks[i].complete(); err != nil {
			return fmt.Errorf("cluster %s: %w", c.Name, err)
		}
		if _, err := c.transport(c.HealthChecks[i]); err != nil {
			return fmt.Errorf("cluster %s: %w", c.Name, err)
		}
	}
	return nil
}

func (h *healthCheck) complete() error {
	if h.NoTrafficInterval == 0 {
		h.NoTrafficInterval = defaultNoTrafficInterval
	}
	switch {
	case (h.HTTP == nil) == (h.TCP == nil):
		return fmt.Errorf("a health check is either of HTTP or of TCP")
	case h.Timeout == 0 || h.Interval == 0 || h.HealthyThreshold < 1 || h.UnhealthyThreshold < 1:
		return fmt.Errorf("a health check needs timeout, interval and thresholds")
	case h.EventLog != "" && h.EventLog != "/dev/stdout":
		return fmt.Errorf("health checks are logged to standard output, not to %s", h.EventLog)
	}
	return nil
}

// transport returns the transport that a health check asks for, or nil for
// plain TCP.
func (c *cluster) transport(check healthCheck) (*transportMatch, error) {
	for i, t := range c.Transports {
		if len(check.Transport) == 0 || !maps.Equal(t.Match, check.Transport) {
			continue
		}
		if t.Socket.Config.Type != tlsType {
			return nil, fmt.Errorf("transport %s is not TLS", t.Name)
		}
		return &c.Transports[i], nil
	}
	return nil, nil
}

// network returns Go's name of the address family, or "" for an unknown one.
// A preference needs no action: a dialer tries both families.
func (c *cluster) network() string {
	switch c.Family {
	case "V4_ONLY":
		return "tcp4"
	case "V6_ONLY":
		return "tcp6"
	case "", "AUTO", "V4_PREFERRED", "ALL":
		return "tcp"
	}
	return ""
}

// addresses returns where the cluster's endpoints are, in the file's order.
func (c *cluster) addresses() (all []string) {
	for _, locality := range c.Assignment.Endpoints {
		for _, e := range locality.Group {
			all = append(all, e.Endpoint.Address.String())
		}
	}
	return all
}
