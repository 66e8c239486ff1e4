package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A run that lives renews a lease in its namespace. One whose lease did not
// change for several beats, while another run looked on, was killed. Changes
// are compared, never clocks, so that a run must look on for missed*beat before
// it removes what another left.
const (
	beat      = 2 * time.Second
	missed    = 4
	leaseName = "verify"
)

// heart renews the run's lease until it is stopped.
type heart struct {
	stop context.CancelFunc
	done chan struct{}
}

// startHeart creates the lease and renews it in the background.
func (t *Target) startHeart(ctx context.Context, namespace string) (*heart, error) {
	leases := t.Kube.Clientset.CoordinationV1().Leases(namespace)
	renewed := func() *metav1.MicroTime { now := metav1.NowMicro(); return &now }
	lease, err := leases.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: leaseName, Labels: map[string]string{RunLabel: t.RunID}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &t.RunID, RenewTime: renewed()},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create lease %s/%s: %w", namespace, leaseName, err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &heart{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		for tick := time.NewTicker(beat); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				lease.Spec.RenewTime = renewed()
				if next, err := leases.Update(ctx, lease, metav1.UpdateOptions{}); err == nil {
					lease = next
				}
			}
		}
	}()
	return h, nil
}

func (h *heart) end() {
	h.stop()
	<-h.done
}

// others are the runs that have a namespace now, and the version of the lease
// that each of them holds; "" is a run without one.
func (t *Target) others(ctx context.Context) (map[string]string, error) {
	marked := metav1.ListOptions{LabelSelector: RunLabel}
	namespaces, err := t.Kube.Clientset.CoreV1().Namespaces().List(ctx, marked)
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	leases, err := t.Kube.Clientset.CoordinationV1().Leases(metav1.NamespaceAll).List(ctx, marked)
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	runs := map[string]string{}
	for _, namespace := range namespaces.Items {
		if id, is := strings.CutPrefix(namespace.Name, namespacePrefix); is && id != t.RunID && namespace.DeletionTimestamp == nil {
			runs[id] = ""
		}
	}
	for _, lease := range leases.Items {
		if _, is := runs[lease.Labels[RunLabel]]; is {
			runs[lease.Labels[RunLabel]] = lease.ResourceVersion
		}
	}
	return runs, nil
}

// sweep removes what killed runs left: those whose lease is now as it was when
// this run began. What cannot be removed now is left to the next run.
func (t *Target) sweep(ctx context.Context, before map[string]string, elapsed time.Duration) {
	if len(before) == 0 || elapsed < missed*beat {
		return
	}
	now, err := t.others(ctx)
	if err != nil {
		return
	}
	for id, version := range now {
		if earlier, known := before[id]; known && earlier == version {
			_ = t.remove(ctx, id)
		}
	}
}
