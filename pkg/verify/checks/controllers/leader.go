package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// leaderCheck is the check of a component that elects a leader; a single one without
// leader election is left to what single says.
func leaderCheck(id, group, title, component string, port int, single string) verify.Check {
	return verify.Check{
		ID: id, Group: group, Title: fmt.Sprintf("The %ss are healthy and one of them leads", title),
		Proves: fmt.Sprintf("Requests `/healthz` of every %[1]s and watches the leader, which must run on a control plane, renew its lease. "+
			"A single %[1]s without leader election must be healthy; %[2]s", title, single),
		Hint:   fmt.Sprintf("kubectl -n kube-system get lease %[1]s; kubectl -n kube-system logs -l component=%[1]s --tail=20", component),
		Needs:  []string{"kubelet.alive"},
		Rights: verify.JoinRights(verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"list,watch leases.coordination.k8s.io@kube-system"}),
		Skip:   verify.Hidden(component), Timeout: 20 * time.Second,
		Run: elected(component, port),
	}
}

// elected proves that each instance of a control plane component is healthy
// and that one of them leads: it renews its lease. Two renewals are compared
// with each other, never with the local clock.
func elected(component string, port int) func(context.Context, *verify.Target) (verify.Evidence, error) {
	return func(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
		pods, err := t.Components(ctx, component)
		if err != nil {
			return nil, err
		}
		evidence, err := verify.Each(pods, verify.PodNode, func(pod corev1.Pod) (string, error) {
			return healthz(ctx, t, pod, port)
		})
		if err != nil {
			return evidence, err
		}
		election := electionOf(ctx, t, pods[0], component, port)
		if election.off {
			line, err := leaderless(component, pods)
			return append(evidence, line), err
		}
		leases := t.Kube.Clientset.CoordinationV1().Leases(election.namespace)
		held, err := verify.AwaitRenewals(
			ctx, kube.ListWatch(leases.List, leases.Watch, kube.Named(election.lease)), []string{election.lease}, nil,
		)
		if err != nil {
			return evidence, err
		}
		holder, _, _ := strings.Cut(held[election.lease], "_") // NODE_UUID
		if !slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Spec.NodeName == holder }) {
			return evidence, fmt.Errorf("the lease is held by %q, which is no control plane", held[election.lease])
		}
		return append(evidence, holder+" leads and renews its lease"), nil
	}
}

// healthz asks a component over TLS. It answers without credentials, even
// where anonymous requests are turned off for everything else.
func healthz(ctx context.Context, t *verify.Target, pod corev1.Pod, port int) (string, error) {
	ctx, cancel := verify.Answering(ctx)
	defer cancel()
	status, body, err := t.Pods.GetPodTLS(ctx, pod.Namespace, pod.Name, port, "/healthz")
	return verify.Healthy(pod.Name, status, body, err)
}
