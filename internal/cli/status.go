package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "Show a cluster's nodes and components, without running checks",
		Flags:  []cli.Flag{nameFlag(), contextFlag(), kubeconfigFlag(), outputFlag("table", "json")},
		Action: showStatus,
	}
}

// clusterStatus is what the API server says of a cluster at one moment.
type clusterStatus struct {
	Cluster string             `json:"cluster"`
	Version string             `json:"version"`
	Expect  verify.Expectation `json:"expected"`
	Nodes   []nodeStatus       `json:"nodes"`
	System  []workload         `json:"system"`
	// Origin is known of clusters that kindctl made in this Docker.
	Origin *origin `json:"origin,omitempty"`
}

type nodeStatus struct {
	Name  string `json:"name"`
	Ready string `json:"ready"`
	// Unschedulable says that the node is cordoned.
	Unschedulable bool   `json:"unschedulable,omitempty"`
	Kubelet       string `json:"kubelet"`
	Runtime       string `json:"runtime"`
	Address       string `json:"address"`
}

type workload struct {
	Name  string `json:"name"`
	Ready int32  `json:"ready"`
	Want  int32  `json:"want"`
}

func showStatus(c *cli.Context) error {
	client, name, err := openCluster(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, contactTimeout)
	defer cancel()
	status, err := readStatus(ctx, client)
	if err != nil {
		return silence(c, client, err, name)
	}
	status.Cluster = name
	if status.Origin, err = originByName(c); err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, status)
	}
	fmt.Fprintf(c.App.Writer, "%s: Kubernetes %s, CNI %s, kube-proxy mode %s\n", name, status.Version, status.Expect.CNI, status.Expect.ProxyMode)
	if o := status.Origin; o != nil && o.SecondsLeft != nil {
		fmt.Fprintf(c.App.Writer, "time left: %s (until %s, then kindctl gc removes it)\n", o.left(), o.Expires.Local().Format(time.DateTime))
	}
	fmt.Fprintln(c.App.Writer)
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tREADY\tKUBELET\tRUNTIME\tADDRESS")
	for _, n := range status.Nodes {
		ready := n.Ready
		if n.Unschedulable {
			ready += ",SchedulingDisabled" // kubectl's words
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", n.Name, ready, n.Kubelet, n.Runtime, n.Address)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(table, "\nSYSTEM\tREADY")
	for _, w := range status.System {
		fmt.Fprintf(table, "%s\t%d/%d\n", w.Name, w.Ready, w.Want)
	}
	return table.Flush()
}

// originByName is that of the cluster which --name names; nil for one that is
// named by its context, wherever it is, or that kindctl did not make.
func originByName(c *cli.Context) (*origin, error) {
	if byContext(c) {
		return nil, nil
	}
	docker, err := openDocker(c)
	if err != nil {
		return nil, err
	}
	metadata, made, err := docker.Cluster(c.String("name")).Metadata(c.Context)
	if err != nil || !made {
		return nil, err
	}
	found := originOf(metadata, time.Now())
	return &found, nil
}

func readStatus(ctx context.Context, client *kube.Client) (clusterStatus, error) {
	var s clusterStatus
	var err error
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
		entry := nodeStatus{Name: n.Name, Ready: "Unknown", Unschedulable: n.Spec.Unschedulable,
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
func (s *clusterStatus) readSystem(ctx context.Context, client *kube.Client) error {
	agents, err := client.Clientset.AppsV1().DaemonSets("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, agent := range agents.Items {
		s.System = append(s.System, workload{agent.Name, agent.Status.NumberReady, agent.Status.DesiredNumberScheduled})
	}
	deployments, err := client.Clientset.AppsV1().Deployments("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, deployment := range deployments.Items {
		s.System = append(s.System, workload{deployment.Name, deployment.Status.AvailableReplicas, deployment.Status.Replicas})
	}
	return nil
}
