package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// finish are the checks at the finish line, beside the one of leases: every node
// ready, pods of all nodes to each other, and from a pod on every node a Service by
// its address and by its name.
var finish = []string{"kubelet.alive", "net.pods", "svc.clusterip", "dns.search"}

// finishLine returns the checks that decide when a cluster is there.
func finishLine() ([]verify.Check, error) {
	selected, err := verify.Select(checks.Core(), verify.Selection{Only: finish})
	return append(selected, leaseCheck()), err
}

func leaseCheck() verify.Check {
	return verify.Check{
		ID: "bench.lease", Group: "node", Title: "Every node's lease has been renewed in time",
		Proves: "Every node has a lease that has not expired.",
		Hint:   "kubectl -n kube-node-lease get leases",
		Rights: []string{"list leases.coordination.k8s.io@kube-node-lease"},
		Run: func(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
			listed, err := t.Kube.Clientset.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("list leases: %w", err)
			}
			return nil, fresh(listed.Items, t.Expect.Nodes(), time.Now())
		},
	}
}

// fresh wants as many leases as there are nodes, and all of them valid.
func fresh(leases []coordinationv1.Lease, nodes int, now time.Time) error {
	var problems []string
	for _, lease := range leases {
		renewed, lasts := lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds
		if renewed == nil || lasts == nil || now.Sub(renewed.Time) > time.Duration(*lasts)*time.Second {
			problems = append(problems, lease.Name+" has expired")
		}
	}
	if len(leases) < nodes {
		problems = append(problems, fmt.Sprintf("%d of %d nodes have a lease", len(leases), nodes))
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return errors.New(strings.Join(problems, ", "))
	}
	return nil
}

// untilItWorks tests a cluster until it has seen that all of it works.
func untilItWorks(ctx context.Context, order compare.Order, say func(string)) (seen time.Time, err error) {
	client, err := kube.FromKubeconfig(order.Kubeconfig, provider.Context(order.Cluster))
	if err != nil {
		return seen, err
	}
	checks, err := finishLine()
	if err != nil {
		return seen, err
	}
	expect := verify.Expectation{
		ControlPlanes: 1,
		Workers:       order.Nodes - 1,
		EtcdMembers:   1,
		ProxyMode:     "iptables",
		CNI:           order.CNI,
		ProbeImage:    verify.DefaultProbeImage,
	}
	for {
		target := verify.NewTarget(client, expect)
		report := verify.Run(ctx, target, checks, verify.RunOptions{})
		seen = time.Now()
		_ = target.Close(context.WithoutCancel(ctx)) // the cluster goes in a moment
		if report.Count(verify.Pass) == len(checks) {
			return seen, nil
		}
		if ctx.Err() != nil {
			return seen, errors.Join(context.Cause(ctx), report.Err())
		}
		say("it does not work yet: " + firstLine(report.Err()))
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return line
}
