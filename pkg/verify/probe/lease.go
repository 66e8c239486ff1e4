package probe

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// A run that lives renews a lease in its namespace. One whose lease did not
// change for several renewals, while another run looked on, was killed. Changes
// are compared, never clocks, so that a run must look on for missedRenewals*renewEvery before
// it removes what another has left.
const (
	renewEvery     = 2 * time.Second
	missedRenewals = 4
	leaseName      = "verify"
)

// leaseRenewer renews the run's lease until it is stopped.
type leaseRenewer struct {
	stop context.CancelFunc
	done chan struct{}
}

// startRenewer creates the lease and renews it in the background.
func (s *Session) startRenewer(ctx context.Context, namespace string) (*leaseRenewer, error) {
	leases := s.t.Kube.Clientset.CoordinationV1().Leases(namespace)
	renewed := func() *metav1.MicroTime { now := metav1.NowMicro(); return &now }
	lease, err := leases.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: leaseName, Labels: map[string]string{verify.RunLabel: s.t.RunID}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &s.t.RunID, RenewTime: renewed()},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create lease %s/%s: %w", namespace, leaseName, err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &leaseRenewer{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for tick := time.NewTicker(renewEvery); ; {
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
	return r, nil
}

func (r *leaseRenewer) end() {
	r.stop()
	<-r.done
}

// otherRuns are the runs that have a namespace now, and the version of the lease
// that each of them holds; "" is a run without one.
func (s *Session) otherRuns(ctx context.Context) (map[string]string, error) {
	marked := metav1.ListOptions{LabelSelector: verify.RunLabel}
	namespaces, err := s.t.Kube.Clientset.CoreV1().Namespaces().List(ctx, marked)
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	leases, err := s.t.Kube.Clientset.CoordinationV1().Leases(metav1.NamespaceAll).List(ctx, marked)
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	runs := map[string]string{}
	for _, namespace := range namespaces.Items {
		if id, is := strings.CutPrefix(namespace.Name, NamespacePrefix); is && id != s.t.RunID && namespace.DeletionTimestamp == nil {
			runs[id] = ""
		}
	}
	for _, lease := range leases.Items {
		if _, is := runs[lease.Labels[verify.RunLabel]]; is {
			runs[lease.Labels[verify.RunLabel]] = lease.ResourceVersion
		}
	}
	return runs, nil
}

// removeAbandoned removes what killed runs left: those whose lease is now as it was when
// this run began. What cannot be removed now is left to the next run.
func (s *Session) removeAbandoned(ctx context.Context, before map[string]string, elapsed time.Duration) {
	if len(before) == 0 || elapsed < missedRenewals*renewEvery {
		return
	}
	now, err := s.otherRuns(ctx)
	if err != nil {
		return
	}
	for id, version := range now {
		if earlier, known := before[id]; known && earlier == version {
			_ = s.removeRun(ctx, id)
		}
	}
}
