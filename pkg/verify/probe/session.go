// Package probe is what a verification makes in a cluster: the namespace of a run,
// with the lease that shows that the run lives, probe pods on every node, Services in
// front of them, and the removal of all that. Checks share the Session of their Target.
package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// NamespacePrefix begins the name of every namespace of a verification.
const NamespacePrefix = "kindctl-verify-"

// Session is what one run makes in the cluster, and removes at its end.
type Session struct {
	// Fleet is the set of probe pods on the pod network, Hosts the one on the
	// nodes' own network.
	Fleet, Hosts *Fleet

	t *verify.Target

	hostPort       atomic.Int32 // the hostPort of the probes, once it is chosen
	hostPortDenied atomic.Bool  // admission wants probes without a hostPort

	cleanups struct {
		sync.Mutex
		kinds []clusterScoped
	}
	namespace struct {
		sync.Mutex
		usable  bool
		renewer *leaseRenewer
		others  map[string]string // the runs that were there before
		since   time.Time
	}
}

// Of returns the session of a target's run, which all checks share. It makes nothing
// in the cluster yet, and ends with the target.
func Of(t *verify.Target) *Session { return verify.Shared(t, newSession) }

func newSession(t *verify.Target) *Session {
	s := &Session{t: t}
	s.Fleet, s.Hosts = newFleet(s, "probe-", s.onPodNetwork), newFleet(s, "host-", s.onHostNetwork)
	return s
}

// Namespace returns the namespace of this run. The first call creates it and
// waits until pods can be created in it.
func (s *Session) Namespace(ctx context.Context) (string, error) {
	name := NamespacePrefix + s.t.RunID
	s.namespace.Lock()
	defer s.namespace.Unlock()
	if s.namespace.usable {
		return name, nil
	}
	if s.namespace.others == nil {
		others, err := s.otherRuns(ctx)
		if err != nil {
			return "", err
		}
		s.namespace.others, s.namespace.since = others, time.Now()
	}
	namespaces := s.t.Kube.Clientset.CoreV1().Namespaces()
	_, err := namespaces.Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{
			Name:   name,
			Labels: map[string]string{verify.RunLabel: s.t.RunID, verify.PodSecurityLabel: verify.PodSecurityPrivileged},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("create namespace %s: %w", name, err)
	}
	if s.namespace.renewer == nil {
		if s.namespace.renewer, err = s.startRenewer(ctx, name); err != nil {
			return "", err
		}
	}
	accounts := s.t.Kube.Clientset.CoreV1().ServiceAccounts(name)
	err = kube.Until(ctx, kube.ListWatch(accounts.List, accounts.Watch, kube.Named("default")), func(*corev1.ServiceAccount) error { return nil })
	if err != nil {
		return "", fmt.Errorf("namespace %s: ServiceAccount default: %w", name, err)
	}
	s.namespace.usable = true
	return name, nil
}

// removeRun deletes all that belongs to a run, this one or one that was killed.
func (s *Session) removeRun(ctx context.Context, run string) error {
	name := NamespacePrefix + run
	err := s.t.Kube.Clientset.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

// Close removes what the run made, and what killed runs left. The cluster
// finishes the removal by itself. A run that made nothing, as a quick one, was
// asked for no rights to delete, and removes nothing; one that ended within 8 s
// of its first object cannot tell who was killed, and leaves that to the next.
func (s *Session) Close(ctx context.Context) error {
	s.namespace.Lock()
	defer s.namespace.Unlock()
	if s.namespace.others == nil {
		return nil // nothing was made
	}
	if s.namespace.renewer != nil {
		s.namespace.renewer.end()
	}
	err := s.removeRun(ctx, s.t.RunID)
	s.removeAbandoned(ctx, s.namespace.others, time.Since(s.namespace.since))
	return errors.Join(err, s.removeClusterScoped(ctx))
}
