package kindctl_test

import (
	"context"
	"fmt"
	"log"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/kube"
)

// A cluster with one node and Calico is made, used and removed. It needs Docker.
func ExampleUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	topology, err := clusters.Profile("single")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name, topology.CNI = "example", "calico"
	progress := event.Func(func(e event.Event) {
		if e.Scope == event.Phase && e.Kind == event.Done {
			fmt.Println(e.Title, e.Message)
		}
	})
	cluster, err := kindctl.Up(ctx, kindctl.Options{Topology: topology, Sink: progress})
	if err != nil {
		log.Fatalf("%v\n%s", err, hint.AdviceOf(err)) // nothing is left of it
	}
	nodes, err := cluster.Client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		log.Print(err)
	}
	fmt.Println(len(nodes.Items), "node")
	if err := cluster.Down(ctx, progress); err != nil {
		log.Fatal(err)
	}
}

// Any cluster can be verified, whoever made it.
func ExampleVerify() {
	client, err := kube.FromKubeconfig("", "staging") // a context of the usual kubeconfig
	if err != nil {
		log.Fatal(err)
	}
	report, err := kindctl.Verify(context.Background(), client, nil)
	for _, result := range report.Results {
		fmt.Println(result.Outcome, result.ID, result.Cause)
	}
	fmt.Println("exit code", hint.CodeOf(err))
}

// What is wrong with a cluster's description is said before Docker is asked.
func ExampleUp_mistake() {
	topology, err := clusters.Profile("ha")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name, topology.ControlPlanes, topology.CNI = "example", 2, "celium"
	_, err = kindctl.Up(context.Background(), kindctl.Options{Topology: topology})
	fmt.Println(hint.ReasonOf(err), hint.CodeOf(err))
	// Output: CONFIG_INVALID 2
}
