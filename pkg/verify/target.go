package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
)

// RunLabel is on every object that a verification creates; its value is the
// run's ID.
const RunLabel = "kindctl.dev/run"

// The run's namespace admits pods on a node's network and one with a hostPath,
// whatever level of Pod Security the cluster has for namespaces that name none.
const (
	PodSecurityLabel      = "pod-security.kubernetes.io/enforce"
	PodSecurityPrivileged = "privileged"
)

// Target is the cluster under verification, and what the run made there.
type Target struct {
	Kube *Client
	// Pods reaches into pods; NewTarget sets it to Kube, with connections that
	// are kept.
	Pods   Pods
	Expect Expectation
	// RunID marks every object that this verification creates.
	RunID string

	// Containerd reads what containerd of a node is configured with; nil where the
	// nodes' containers cannot be reached.
	Containerd ReadContainerd
	// Containers returns the state of each node's container on this host, in Docker's
	// word; nil where they cannot be reached.
	Containers func(context.Context) (map[string]string, error)

	// Renewed is when the nodes' leases had been renewed, if someone looked before
	// the run; kubelet.lease then compares with that.
	Renewed LeaseRenewTimes

	// Without are nodes that are left out as if they were not there.
	Without []string
	// Flags name the cluster to kindctl in commands that hints suggest: "-n", "lab".
	Flags []string

	survey
	listed     atomic.Pointer[[]corev1.Node] // the nodes when they were listed last
	hangUp     func()                        // closes the connections that Pods has kept
	prefetches []Check                       // those with a function Prefetch

	shared struct {
		sync.Mutex
		byType map[reflect.Type]any
	}
}

// NewTarget prepares a verification. It creates nothing yet.
func NewTarget(client *Client, expect Expectation) *Target {
	keeper := kube.Keep(client)
	return &Target{Kube: client, Pods: keeper, hangUp: keeper.Close, Expect: expect, RunID: strings.ToLower(rand.Text()[:8])}
}

// Close ends the run: it removes what was made in the cluster and closes connections.
// It gives up with ctx, and returns what could not be done.
func (t *Target) Close(ctx context.Context) error {
	t.hangUp()
	t.shared.Lock()
	values := slices.Collect(maps.Values(t.shared.byType))
	t.shared.Unlock()
	var problems []error
	for _, value := range values {
		if closer, is := value.(interface{ Close(context.Context) error }); is {
			problems = append(problems, closer.Close(ctx))
		}
	}
	return errors.Join(problems...)
}

// Shared returns the value of a type that all checks of a run share; the first call
// creates it. Where the value has a method Close, the Target's calls it.
func Shared[T any](t *Target, create func(*Target) T) T {
	t.shared.Lock()
	defer t.shared.Unlock()
	key := reflect.TypeFor[T]()
	value, made := t.shared.byType[key].(T)
	if !made {
		if t.shared.byType == nil {
			t.shared.byType = map[reflect.Type]any{}
		}
		value = create(t)
		t.shared.byType[key] = value
	}
	return value
}
