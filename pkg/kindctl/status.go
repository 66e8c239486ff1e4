package kindctl

import (
	"cmp"
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/incidents"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Status is what the API server, and Docker of its own clusters, say of a cluster at one
// moment.
type Status struct {
	Cluster string             `json:"cluster"`
	Version string             `json:"version"`
	Expect  verify.Expectation `json:"expected"`
	Nodes   []NodeStatus       `json:"nodes"`
	System  []Workload         `json:"system"`
	// Stopped are the containers that do not run, of a cluster in this Docker.
	Stopped []string `json:"stopped,omitempty"`
	// Broken says that kindctl has broken it, and it was not healed since; nil if not, and of
	// clusters in another Docker.
	Broken *Broken `json:"broken,omitempty"`
	// Origin is known of clusters that kindctl made in this Docker.
	Origin *Origin `json:"origin,omitempty"`
}

// NodeStatus is what the API server says of a node.
type NodeStatus struct {
	Name string `json:"name"`
	// Ready is the condition of that name: True, False or Unknown.
	Ready string `json:"ready"`
	// Unschedulable says that the node is cordoned.
	Unschedulable bool   `json:"unschedulable,omitempty"`
	Kubelet       string `json:"kubelet"`
	Runtime       string `json:"runtime"`
	Address       string `json:"address"`
}

// Workload is a DaemonSet or a Deployment of kube-system: how many of its pods are ready,
// and how many there should be.
type Workload struct {
	Name  string `json:"name"`
	Ready int32  `json:"ready"`
	Want  int32  `json:"want"`
}

// Status asks the API server of a cluster about its nodes and the pods of the system. It
// runs no checks.
func (c *Client) Status(ctx context.Context, cluster ClusterRef) (Status, error) {
	client, err := c.reach(ctx, cluster)
	if err != nil {
		return Status{}, err
	}
	asking, cancel := context.WithTimeout(ctx, c.options.ContactTimeout)
	defer cancel()
	status, err := readStatus(asking, client)
	if err != nil {
		return Status{}, c.explainUnreachable(ctx, cluster, client, err)
	}
	status.Cluster = cluster.String()
	if cluster.inDocker() {
		err = c.readContainers(ctx, cmp.Or(cluster.Name, DefaultName), &status)
	}
	return status, err
}

// readContainers adds what the containers of a cluster in Docker say.
func (c *Client) readContainers(ctx context.Context, name string, s *Status) error {
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	found, err := docker.Inventory(ctx, name)
	if err != nil {
		return err
	}
	for _, node := range found.Nodes {
		if !node.Running() {
			s.Stopped = append(s.Stopped, node.Name)
		}
	}
	record, err := incidents.Read(ctx, found.Nodes)
	if err != nil {
		return err
	}
	if record != nil {
		broken := brokenOf(record)
		s.Broken = &broken
	}
	metadata, made, err := found.Metadata()
	if made && err == nil {
		origin := originOf(metadata, time.Now())
		s.Origin = &origin
	}
	return err
}

// readStatus asks the API server.
func readStatus(ctx context.Context, client *kube.Client) (s Status, err error) {
	if s.Version, err = client.Version(ctx); err != nil {
		return s, err
	}
	if s.Expect, err = record.Discover(ctx, client, addons.CNIs()...); err != nil {
		return s, err
	}
	nodes, err := client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return s, err
	}
	for _, n := range nodes.Items {
		entry := NodeStatus{Name: n.Name, Ready: "Unknown", Unschedulable: n.Spec.Unschedulable,
			Kubelet: n.Status.NodeInfo.KubeletVersion, Runtime: n.Status.NodeInfo.ContainerRuntimeVersion}
		for _, condition := range n.Status.Conditions {
			if condition.Type == "Ready" {
				entry.Ready = string(condition.Status)
			}
		}
		for _, address := range n.Status.Addresses {
			if address.Type == "InternalIP" && entry.Address == "" {
				entry.Address = address.Address
			}
		}
		s.Nodes = append(s.Nodes, entry)
	}
	return s, s.readSystem(ctx, client)
}

// readSystem adds the workloads of kube-system.
func (s *Status) readSystem(ctx context.Context, client *kube.Client) error {
	agents, err := client.Clientset.AppsV1().DaemonSets("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, agent := range agents.Items {
		s.System = append(s.System, Workload{agent.Name, agent.Status.NumberReady, agent.Status.DesiredNumberScheduled})
	}
	deployments, err := client.Clientset.AppsV1().Deployments("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, deployment := range deployments.Items {
		s.System = append(s.System, Workload{deployment.Name, deployment.Status.AvailableReplicas, deployment.Status.Replicas})
	}
	return nil
}
