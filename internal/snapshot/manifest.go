package snapshot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
)

// The format of manifests.
const (
	apiVersion = "kindctl.dev/v1alpha1"
	kind       = "Snapshot"
)

// Manifest describes a snapshot. It is a file beside the archives of the nodes.
type Manifest struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Cluster    string    `json:"cluster"`
	Created    time.Time `json:"created"`
	// Kindctl is the version of kindctl that took it.
	Kindctl string `json:"kindctl"`
	// Kubernetes is the version of the API server: v1.37.2.
	Kubernetes string `json:"kubernetes"`
	// CNI is that of the cluster, "none" for one that kindctl does not know.
	CNI string `json:"cni"`
	// Authority is the SHA-256, in hexadecimal, of the certificate of the cluster's authority,
	// which no other cluster has.
	Authority string `json:"authority"`
	// Docker is the ID of the engine that the cluster was in; "" is unknown.
	Docker  string           `json:"docker,omitempty"`
	Machine provider.Machine `json:"machine"`
	// Subnets are those of the nodes' network.
	Subnets []netip.Prefix `json:"subnets,omitempty"`
	// Config is the configuration that the cluster was made of, as clusters.Decode reads it;
	// nil when it has no record.
	Config json.RawMessage `json:"config,omitempty"`
	Nodes  []Node          `json:"nodes"`

	// Dir is where it is.
	Dir string `json:"-"`
}

// Node is what a snapshot has of a node.
type Node struct {
	Name string `json:"name"`
	// Role is control-plane, worker or external-etcd.
	Role string `json:"role"`
	// Image is the ID of the node's image, and ImageName what it was made from.
	Image     string `json:"image"`
	ImageName string `json:"imageName,omitempty"`
	// Addresses are those on the nodes' network.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	// Layer lists what Files holds: where the node's own file system differs from its image.
	Layer provider.Layer `json:"layer"`
	Files Archive        `json:"files"`
	// Volume holds /var.
	Volume Archive `json:"volume"`
}

// Archive is a file of a snapshot, which tar wrote and zstd compressed.
type Archive struct {
	// File is its name in the snapshot's directory.
	File string `json:"file"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Size is that of all archives, in bytes.
func (m Manifest) Size() (size int64) {
	for _, archive := range m.archives() {
		size += archive.Size
	}
	return size
}

func (m Manifest) archives() (all []Archive) {
	for _, node := range m.Nodes {
		all = append(all, node.Files, node.Volume)
	}
	return all
}

// decode reads a manifest. The error of another format is errFormat.
func decode(data []byte) (m Manifest, err error) {
	var format struct{ APIVersion, Kind, Kindctl string }
	if err := json.Unmarshal(data, &format); err != nil {
		return m, err
	}
	if format.APIVersion != apiVersion || format.Kind != kind {
		return m, fmt.Errorf("%w: apiVersion is %q and kind is %q, by kindctl %s; this kindctl reads %s and %s",
			errFormat, format.APIVersion, format.Kind, cmp.Or(format.Kindctl, "of an unknown version"), apiVersion, kind)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, err
	}
	for _, node := range m.Nodes {
		for _, name := range []string{node.Name, node.Files.File, node.Volume.File} {
			if filepath.Base(name) != name || name == "." || name == ".." || name == manifestFile {
				return m, fmt.Errorf("%q in its manifest is no name of a file", name)
			}
		}
	}
	return m, nil
}
