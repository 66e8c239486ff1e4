package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// DefaultProbeImage is the agnhost of Kubernetes v1.37.2 (test/utils/image).
const DefaultProbeImage = "registry.k8s.io/e2e-test-images/agnhost:2.66.1"

// ControlPlaneLabel is on each node of the control plane, and the key of its taint.
const ControlPlaneLabel = "node-role.kubernetes.io/control-plane"

// CNI is what shows that a cluster has a CNI.
type CNI struct {
	// Name is the one that an Expectation has.
	Name string
	// Agents is the name of its DaemonSet, in whatever namespace.
	Agents string
	// ClusterPolicies are its network policies for all namespaces; the zero value where
	// it has none.
	ClusterPolicies schema.GroupVersionResource
}

// Discover returns what a cluster is expected to be: what is recorded, or else, if that is
// nil, what the cluster looks like now. The record of a cluster that was made without a CNI
// says nothing of the one that has come since, so that one is looked for among those
// that are known, of which the first counts.
// What users have accepted comes with it.
func Discover(ctx context.Context, client *Client, recorded *Expectation, known ...CNI) (Expectation, error) {
	expect, err := discover(ctx, client, recorded, known)
	if err != nil {
		return expect, err
	}
	expect.Accepted, err = Accepted(ctx, client)
	return expect, err
}

func discover(ctx context.Context, client *Client, recorded *Expectation, known []CNI) (expect Expectation, err error) {
	if recorded != nil {
		if expect = *recorded; expect.CNI != NoCNI {
			return expect, nil
		}
	}
	found, err := client.Clientset.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return Expectation{}, fmt.Errorf("list DaemonSets: %w", err)
	}
	agents := map[string]string{} // their namespaces, by name
	for _, agent := range found.Items {
		if _, seen := agents[agent.Name]; !seen || agent.Namespace == SystemNamespace {
			agents[agent.Name] = agent.Namespace
		}
	}
	if recorded == nil {
		_, hasProxy := agents[ProxyName]
		if expect, err = discoverShape(ctx, client, hasProxy); err != nil {
			return Expectation{}, err
		}
	}
	for _, cni := range known {
		if namespace, found := agents[cni.Agents]; found {
			expect.CNI, expect.CNINamespace = cni.Name, namespace
			break
		}
	}
	return expect, nil
}

// NoCNI stands for no CNI, or none that kindctl knows.
const NoCNI = "none"

// discoverShape counts nodes and etcd members, and reads the mode of the proxy
// where there is one.
func discoverShape(ctx context.Context, client *Client, hasProxy bool) (Expectation, error) {
	expect := Expectation{ProbeImage: DefaultProbeImage, ProxyMode: "none", CNI: NoCNI, Discovered: true}
	nodes, err := client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return expect, fmt.Errorf("list nodes: %w", err)
	}
	for _, node := range nodes.Items {
		if Fake(node) {
			continue
		}
		if _, is := node.Labels[ControlPlaneLabel]; is {
			expect.ControlPlanes++
		} else {
			expect.Workers++
		}
	}
	members, err := client.Clientset.CoreV1().Pods(SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: EtcdSelector})
	if err != nil {
		return expect, fmt.Errorf("list etcd pods: %w", err)
	}
	expect.EtcdMembers = len(members.Items)
	if hasProxy {
		expect.ProxyMode, err = discoverProxyMode(ctx, client)
	}
	return expect, err
}

// discoverProxyMode reads the mode that is configured, or asks a kube-proxy.
func discoverProxyMode(ctx context.Context, client *Client) (string, error) {
	configured, err := ConfiguredProxyMode(ctx, client)
	if err != nil || configured != "" {
		return configured, err
	}
	proxies, err := client.Clientset.CoreV1().Pods(SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: ProxySelector})
	if err != nil {
		return "", fmt.Errorf("list pods of kube-proxy: %w", err)
	}
	failures := []error{errors.New("the mode of kube-proxy is unknown")}
	for _, pod := range proxies.Items {
		mode, err := ProxyModeOf(ctx, client, pod)
		if err == nil {
			return mode, nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", pod.Name, err))
	}
	return "", errors.Join(failures...)
}

// Differences says in plain text how another expectation differs from this one.
func (e Expectation) Differences(other Expectation) string {
	var differences []string
	compare := func(what string, have, want any) {
		if have != want {
			differences = append(differences, fmt.Sprintf("%s is %v, not %v", what, have, want))
		}
	}
	compare("the number of control planes", e.ControlPlanes, other.ControlPlanes)
	compare("the number of workers", e.Workers, other.Workers)
	compare("the CNI", e.CNI, other.CNI)
	compare("the proxy mode", e.ProxyMode, other.ProxyMode)
	return strings.Join(differences, ", ")
}

// Expectation is what the cluster should look like. Counts come from the
// cluster's own topology when kindctl made it, else from discovery.
type Expectation struct {
	ControlPlanes int `json:"controlPlanes"`
	Workers       int `json:"workers"`
	EtcdMembers   int `json:"etcdMembers"`
	// ExternalEtcd says that they run on no node of the cluster, but are asked through
	// pods of the component etcd-client.
	ExternalEtcd bool `json:"etcdApart,omitempty"`
	// IPFamily is ipv4, ipv6, dual, or "" where no one said.
	IPFamily string `json:"ipFamily,omitempty"`
	// ProxyMode is iptables, nftables, ipvs or none.
	ProxyMode string `json:"proxyMode"`
	// CNI is the name of one that kindctl knows, or NoCNI.
	CNI string `json:"cni"`
	// CNINamespace is where the agents of the CNI were found, "" where no one
	// looked for them: kindctl itself has them in kube-system.
	CNINamespace string `json:"-"`
	// ProbeImage is the agnhost image that probe pods run.
	ProbeImage string `json:"probeImage"`
	// Requested are the settings that the configuration asks components to run with.
	Requested []Requested `json:"requested,omitempty"`
	// Untainted are the names of control planes that are to take ordinary pods,
	// because the configuration sets their taints without their own.
	Untainted []string `json:"untainted,omitempty"`
	// Accepted are the differences that the cluster's users have accepted.
	Accepted []Difference `json:"-"`
	// Discovered says that the counts were read from the cluster itself, so
	// that a missing node cannot be noticed.
	Discovered bool `json:"-"`
}

// Nodes is the number of nodes expected.
func (e Expectation) Nodes() int { return e.ControlPlanes + e.Workers }

// SystemNamespace is where the components of the cluster are.
const SystemNamespace = "kube-system"

// EtcdSelector finds the static pods of etcd.
const EtcdSelector = "component=etcd"
