package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// rightsOfElected go with elected.
var rightsOfElected = rights(rightsOfSystemPods, rightsOfForwards, []string{"list,watch leases.coordination.k8s.io@kube-system"})

// elected proves that each instance of a control plane component is healthy
// and that one of them leads: it renews its lease. Two renewals are compared
// with each other, never with the local clock.
func elected(component string, port int) func(context.Context, *Target) (Evidence, error) {
	return func(ctx context.Context, t *Target) (Evidence, error) {
		pods, err := t.components(ctx, component)
		if err != nil {
			return nil, err
		}
		evidence, err := Each(pods, PodNode, func(pod corev1.Pod) (string, error) {
			return t.healthz(ctx, pod, port)
		})
		if err != nil {
			return evidence, err
		}
		election := t.electionOf(ctx, pods[0], component, port)
		if election.off {
			line, err := leaderless(component, pods)
			return append(evidence, line), err
		}
		leases := t.Kube.Clientset.CoordinationV1().Leases(election.namespace)
		held, err := renewals(ctx, kube.ListWatch(leases.List, leases.Watch, kube.Named(election.lease)), []string{election.lease}, nil)
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
func (t *Target) healthz(ctx context.Context, pod corev1.Pod, port int) (string, error) {
	ctx, cancel := answering(ctx)
	defer cancel()
	status, body, err := t.Pods.GetPodTLS(ctx, pod.Namespace, pod.Name, port, "/healthz")
	return healthy(pod.Name, status, body, err)
}

// answerTimeout is the time that an endpoint in a pod has to answer.
const answerTimeout = 8 * time.Second

var errNoAnswer = fmt.Errorf("no answer within %v", answerTimeout)

// answering bounds one request, so that one pod which hangs is named in time.
func answering(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
}

func healthy(name string, status int, body []byte, err error) (string, error) {
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: /healthz: %w", name, err)
	case status != http.StatusOK:
		return "", fmt.Errorf("%s: /healthz answers %d: %s", name, status, strings.TrimSpace(string(body)))
	}
	return name + ": healthy", nil
}

// renewals watches until each named lease has been renewed, or made, since it was
// first looked for, which may have been before, and returns their holders. A node's
// lease has the node's name.
func renewals(ctx context.Context, source kube.Source, names []string, before Renewals) (holders map[string]string, err error) {
	err = kube.UntilAll(ctx, source, func(leases []*coordinationv1.Lease) error {
		holders = map[string]string{}
		var stale []error
		byName := map[string]*coordinationv1.Lease{}
		for _, lease := range leases {
			byName[lease.Name] = lease
		}
		if before == nil {
			before = Renewals{}
			for _, lease := range leases {
				before.note(lease)
			}
		}
		for _, name := range names {
			lease := byName[name]
			if lease == nil || lease.Spec.RenewTime == nil || lease.Spec.HolderIdentity == nil {
				stale = append(stale, AboutNode(name, errors.New(name+" (nobody holds it)")))
				continue
			}
			if earlier := before[name]; !earlier.Before(lease.Spec.RenewTime) {
				stale = append(stale, AboutNode(name, errors.New(name)))
			}
			holders[name] = *lease.Spec.HolderIdentity
		}
		if len(stale) > 0 {
			return Around(errors.Join(stale...), func(err error) error { return fmt.Errorf("leases that are not renewed: %w", err) })
		}
		return nil
	})
	return holders, err
}

// Renewals say when each lease was renewed last, by its name.
type Renewals map[string]metav1.MicroTime

// Renewed looks at the leases of the nodes, for a Target whose run comes later.
func Renewed(ctx context.Context, client *kube.Client) (Renewals, error) {
	leases, err := client.Clientset.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	times := Renewals{}
	for _, lease := range leases.Items {
		times.note(&lease)
	}
	return times, nil
}

// note leaves out a lease that was never renewed.
func (r Renewals) note(lease *coordinationv1.Lease) {
	if lease.Spec.RenewTime != nil {
		r[lease.Name] = *lease.Spec.RenewTime
	}
}
