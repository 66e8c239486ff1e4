package verify

import (
	"context"
	"errors"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
)

// AwaitRenewals watches until each named lease has been renewed, or made, since it was
// first looked for, which may have been before, and returns their holders. A node's
// lease has the node's name.
func AwaitRenewals(ctx context.Context, source Source, names []string, before LeaseRenewTimes) (holders map[string]string, err error) {
	err = kube.UntilAll(ctx, source, func(leases []*coordinationv1.Lease) error {
		holders = map[string]string{}
		var stale []error
		byName := map[string]*coordinationv1.Lease{}
		for _, lease := range leases {
			byName[lease.Name] = lease
		}
		if before == nil {
			before = LeaseRenewTimes{}
			for _, lease := range leases {
				before.note(lease)
			}
		}
		for _, name := range names {
			lease := byName[name]
			if lease == nil || lease.Spec.RenewTime == nil || lease.Spec.HolderIdentity == nil {
				stale = append(stale, AboutNode(name, errors.New(name+" (no one holds it)")))
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

// LeaseRenewTimes say when each lease was renewed last, by its name.
type LeaseRenewTimes map[string]metav1.MicroTime

// ReadLeaseRenewTimes looks at the leases of the nodes, for a Target whose run comes later.
func ReadLeaseRenewTimes(ctx context.Context, client *Client) (LeaseRenewTimes, error) {
	leases, err := client.Clientset.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	times := LeaseRenewTimes{}
	for _, lease := range leases.Items {
		times.note(&lease)
	}
	return times, nil
}

// note leaves out a lease that was never renewed.
func (r LeaseRenewTimes) note(lease *coordinationv1.Lease) {
	if lease.Spec.RenewTime != nil {
		r[lease.Name] = *lease.Spec.RenewTime
	}
}
