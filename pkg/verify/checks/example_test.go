package checks_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

// The checks of the core run on any cluster: what it should look like is its
// record, or else what it looks like now. What the run made there goes with the
// Target. Package kindctl adds the checks of the cluster's CNI.
func ExampleCore() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client, err := kube.FromKubeconfig("", "") // the usual kubeconfig and its current context
	if err != nil {
		log.Fatal(err)
	}
	expect, err := verify.Discover(ctx, client, nil)
	if err != nil {
		log.Fatal(err)
	}
	selected, err := verify.Select(checks.Core(), verify.Selection{Skip: []string{"netpol"}, Quick: true})
	if err != nil {
		log.Fatal(err)
	}
	target := verify.NewTarget(client, expect)
	report := verify.Run(ctx, target, selected, verify.RunOptions{})
	if err := target.Close(context.WithoutCancel(ctx)); err != nil {
		log.Print(err)
	}
	fmt.Println(report.Count(verify.Pass), "passed", report.Err())
}
