package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// bootstrap is Envoy's configuration file.
type bootstrap struct {
	Node struct {
		Cluster string `yaml:"cluster"`
		ID      string `yaml:"id"`
	} `yaml:"node"`
	Dynamic struct {
		Clusters  source `yaml:"cds_config"`
		Listeners source `yaml:"lds_config"`
	} `yaml:"dynamic_resources"`
	Admin struct {
		AccessLog string  `yaml:"access_log_path"`
		Address   address `yaml:"address"`
	} `yaml:"admin"`
}

// source is a file of resources.
type source struct {
	Version string `yaml:"resource_api_version"`
	File    struct {
		Path string `yaml:"path"`
	} `yaml:"path_config_source"`
}

type address struct {
	Socket struct {
		Host string `yaml:"address"`
		Port uint16 `yaml:"port_value"`
	} `yaml:"socket_address"`
}

func (a address) String() string {
	return net.JoinHostPort(a.Socket.Host, strconv.Itoa(int(a.Socket.Port)))
}

func (b bootstrap) clusterFile() string  { return b.Dynamic.Clusters.File.Path }
func (b bootstrap) listenerFile() string { return b.Dynamic.Listeners.File.Path }

func readBootstrap(path string) (b bootstrap, err error) {
	if err := readYAML(path, &b); err != nil {
		return b, err
	}
	if b.clusterFile() == "" || b.listenerFile() == "" {
		return b, fmt.Errorf("%s: names no file of clusters or of listeners", path)
	}
	return b, nil
}

// listener is a resource of the file of listeners.
type listener struct {
	Type    string        `yaml:"@type"`
	Name    string        `yaml:"name"`
	Address address       `yaml:"address"`
	Chains  []filterChain `yaml:"filter_chains"`
}

type filterChain struct {
	Filters []struct {
		Name   string   `yaml:"name"`
		Config tcpProxy `yaml:"typed_config"`
	} `yaml:"filters"`
}

type tcpProxy struct {
	Type       string `yaml:"@type"`
	StatPrefix string `yaml:"stat_prefix"`
	Cluster    string `yaml:"cluster"`
}

const (
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	tcpProxyType = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
)

// cluster returns the name of the cluster that the listener leads to.
func (l listener) cluster() string { return l.Chains[0].Filters[0].Config.Cluster }

func (l listener) validate() error {
	switch {
	case l.Type != listenerType:
		return fmt.Errorf("resource of type %q is not a listener", l.Type)
	case len(l.Chains) != 1 || len(l.Chains[0].Filters) != 1 || l.Chains[0].Filters[0].Config.Type != tcpProxyType:
		return fmt.Errorf("listener %s: only one chain with one TCP proxy can be used", l.Name)
	}
	return nil
}

func readListeners(path string) ([]listener, error) {
	var file struct {
		Resources []listener `yaml:"resources"`
	}
	err := readYAML(path, &file)
	for _, l := range file.Resources {
		err = errors.Join(err, l.validate())
	}
	return file.Resources, err
}

func readClusters(path string) ([]cluster, error) {
	var file struct {
		Resources []cluster `yaml:"resources"`
	}
	err := readYAML(path, &file)
	for i := range file.Resources {
		err = errors.Join(err, file.Resources[i].complete())
	}
	return file.Resources, err
}

// readYAML decodes a file strictly: a field that this program does not know
// would change what is asked for, so it is an error.
func readYAML(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// duration is a time in Envoy's notation, such as 0.25s.
type duration time.Duration

func (d *duration) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := time.ParseDuration(node.Value)
	if err == nil && parsed < 0 {
		err = errors.New("must not be negative")
	}
	if err != nil {
		return fmt.Errorf("line %d: duration %q: %w", node.Line, node.Value, err)
	}
	*d = duration(parsed)
	return nil
}
