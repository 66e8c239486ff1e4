// Package record keeps in a cluster what it was made to be: the configuration, and what
// its verification expects.
package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// The ConfigMap that holds the record, under key.
const (
	namespace = "kube-system"
	name      = "kindctl"
	key       = "record"
)

// The format of the record.
const (
	apiVersion = "kindctl.dev/v1alpha1"
	kind       = "ClusterRecord"
)

// Cluster is what a cluster was made to be.
type Cluster struct {
	// Config is the configuration that it was made of; nil when an older kindctl made it
	// and kept none.
	Config *clusters.Topology
	// Expect is what its verification expects: what Config and the host come to.
	Expect verify.Expectation

	// old is true if an older kindctl wrote the record, in another form.
	old bool
}

// document is the record as it is written. The configuration is decoded only where it is
// needed: one with fields that this kindctl does not know does not keep it from verifying.
type document struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Expected   verify.Expectation `json:"expected"`
	Config     json.RawMessage    `json:"config,omitempty"`

	old bool
}

// New is the record of a cluster of a configuration. extra has what the configuration alone
// does not say: the probe image, and what is requested and untainted.
func New(config clusters.Topology, extra verify.Expectation) Cluster {
	config.APIVersion, config.Kind = clusters.APIVersion, clusters.Kind
	return Cluster{Config: &config, Expect: verify.Expectation{
		ControlPlanes: config.ControlPlanes, Workers: config.Workers, EtcdMembers: config.Members(), ExternalEtcd: config.ExternalEtcd(),
		IPFamily: cmp.Or(config.IPFamily, clusters.IPv4), ProxyMode: config.ProxyMode, CNI: config.CNI,
		ProbeImage: extra.ProbeImage, Requested: extra.Requested, Untainted: extra.Untainted,
	}}
}

// Write records what a cluster is made to be. A record that Read has found in the form of
// an older kindctl is replaced.
func Write(ctx context.Context, client *kube.Client, c Cluster) error {
	data, err := encode(c)
	if err != nil {
		return err
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string]string{key: string(data)},
	})
	if err != nil {
		return err
	}
	if err := client.Apply(ctx, []*unstructured.Unstructured{{Object: object}}); err != nil || !c.old {
		return err
	}
	return removeOldConfig(ctx, client)
}

func encode(c Cluster) ([]byte, error) {
	d := document{APIVersion: apiVersion, Kind: kind, Expected: c.Expect}
	if c.Config != nil {
		var err error
		if d.Config, err = json.Marshal(c.Config); err != nil {
			return nil, err
		}
	}
	return yaml.Marshal(d)
}

// Read returns the record of a cluster, and false when there is none.
func Read(ctx context.Context, client *kube.Client) (Cluster, bool, error) {
	d, err := read(ctx, client)
	if d == nil || err != nil {
		return Cluster{}, false, err
	}
	c := Cluster{Expect: d.Expected, old: d.old}
	switch {
	case d.old:
		c.Config, err = oldConfig(ctx, client)
	case d.Config != nil:
		c.Config, err = decodeConfig(d.Config, source)
	}
	return c, err == nil, err
}

// Discover returns what a cluster is expected to be: its record, or else what it looks like
// now. See verify.Discover for the CNIs that are known.
func Discover(ctx context.Context, client *kube.Client, known ...verify.CNI) (verify.Expectation, error) {
	d, err := read(ctx, client)
	if err != nil {
		return verify.Expectation{}, err
	}
	if d == nil {
		return verify.Discover(ctx, client, nil, known...)
	}
	return verify.Discover(ctx, client, &d.Expected, known...)
}

// source is how errors call the record.
const source = "ConfigMap " + namespace + "/" + name

// read returns nil when there is no record.
func read(ctx context.Context, client *kube.Client) (*document, error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's record: %w", err)
	}
	var d document
	if data, is := found.Data[oldKey]; is {
		d, err = decodeOld(data)
	} else {
		d, err = decode(found.Data[key])
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return &d, nil
}

func unreadable(err error) error {
	return hint.RecordUnreadable.Wrap(err, source+" cannot be read",
		"use the kindctl that made the cluster, or recreate it: kindctl down, then kindctl up")
}

func decode(data string) (d document, err error) {
	if err := yaml.Unmarshal([]byte(data), &d); err != nil {
		return d, err
	}
	if d.APIVersion != apiVersion || d.Kind != kind {
		return d, fmt.Errorf("apiVersion is %q and kind is %q; this kindctl reads %s and %s", d.APIVersion, d.Kind, apiVersion, kind)
	}
	return d, nil
}

func decodeConfig(data []byte, source string) (*clusters.Topology, error) {
	config, err := clusters.Decode(data, source)
	if err != nil {
		return nil, unreadable(err)
	}
	return &config, nil
}
