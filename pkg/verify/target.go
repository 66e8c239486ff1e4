package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// RunLabel is on every object that a verification creates; its value is the
// run's ID.
const RunLabel = "kindctl.dev/run"

// namespacePrefix begins the name of every namespace of a verification.
const namespacePrefix = "kindctl-verify-"

// The run's namespace admits pods on a node's network and one with a hostPath,
// whatever level of Pod Security the cluster has for namespaces that name none.
const (
	enforceLabel = "pod-security.kubernetes.io/enforce"
	enforceValue = "privileged"
)

// Target is the cluster under verification, and what the run made there.
type Target struct {
	Kube *kube.Client
	// Pods reaches into pods; NewTarget sets it to Kube, with connections that
	// are kept.
	Pods   Pods
	Expect Expectation
	// RunID marks every object that this verification creates.
	RunID string
	// Fleet is the set of probe pods on the pod network, Hosts the one on the
	// nodes' own network.
	Fleet, Hosts *Fleet

	// Containerd reads what containerd of a node is configured with; nil where the
	// nodes' containers cannot be reached.
	Containerd ReadContainerd

	// Renewed is when the nodes' leases had been renewed, if somebody looked before
	// the run; kubelet.lease then compares with that.
	Renewed Renewals

	// Without are nodes that are left out as if they were not there.
	Without []string
	// Flags name the cluster to kindctl in commands that hints suggest: "-n", "lab".
	Flags []string

	survey
	listed atomic.Pointer[[]corev1.Node] // the nodes when they were listed last
	hangUp func()                        // closes the connections that Pods has kept
	ahead  []Check                       // those with a function Ahead

	chosenPort      atomic.Int32 // the hostPort of the probes, once it is chosen
	withoutHostPort atomic.Bool  // admission wants probes without a hostPort

	left struct {
		sync.Mutex
		kinds []unbound
	}
	domain struct {
		sync.Mutex
		name string // as most probes have it
	}
	namespace struct {
		sync.Mutex
		usable bool
		heart  *heart
		others map[string]string // the runs that were there before
		since  time.Time
	}
}

// NewTarget prepares a verification. It creates nothing yet.
func NewTarget(client *kube.Client, expect Expectation) *Target {
	keeper := kube.Keep(client)
	t := &Target{Kube: client, Pods: keeper, hangUp: keeper.Close, Expect: expect, RunID: strings.ToLower(rand.Text()[:8])}
	t.Fleet, t.Hosts = newFleet(t, "probe-", t.onPodNetwork), newFleet(t, "host-", t.onHostNetwork)
	return t
}

// Namespace returns the namespace of this run. The first call creates it and
// waits until pods can be created in it.
func (t *Target) Namespace(ctx context.Context) (string, error) {
	name := namespacePrefix + t.RunID
	t.namespace.Lock()
	defer t.namespace.Unlock()
	if t.namespace.usable {
		return name, nil
	}
	if t.namespace.others == nil {
		others, err := t.others(ctx)
		if err != nil {
			return "", err
		}
		t.namespace.others, t.namespace.since = others, time.Now()
	}
	namespaces := t.Kube.Clientset.CoreV1().Namespaces()
	_, err := namespaces.Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{RunLabel: t.RunID, enforceLabel: enforceValue}},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("create namespace %s: %w", name, err)
	}
	if t.namespace.heart == nil {
		if t.namespace.heart, err = t.startHeart(ctx, name); err != nil {
			return "", err
		}
	}
	accounts := t.Kube.Clientset.CoreV1().ServiceAccounts(name)
	err = kube.Until(ctx, kube.ListWatch(accounts.List, accounts.Watch, kube.Named("default")), func(*corev1.ServiceAccount) error { return nil })
	if err != nil {
		return "", fmt.Errorf("namespace %s: ServiceAccount default: %w", name, err)
	}
	t.namespace.usable = true
	return name, nil
}

// remove deletes all that belongs to a run, this one or one that was killed.
func (t *Target) remove(ctx context.Context, run string) error {
	name := namespacePrefix + run
	err := t.Kube.Clientset.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

// Close removes what the run made, and what killed runs left. The cluster
// finishes the removal by itself. A run that made nothing, as a quick one, was
// asked for no rights to delete, and removes nothing; one that ended within 8 s
// of its first object cannot tell who was killed, and leaves that to the next.
func (t *Target) Close(ctx context.Context) error {
	t.hangUp()
	t.namespace.Lock()
	defer t.namespace.Unlock()
	if t.namespace.others == nil {
		return nil // nothing was made
	}
	if t.namespace.heart != nil {
		t.namespace.heart.end()
	}
	err := t.remove(ctx, t.RunID)
	t.sweep(ctx, t.namespace.others, time.Since(t.namespace.since))
	return errors.Join(err, t.removeUnbound(ctx))
}
