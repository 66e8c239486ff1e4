// Package observe learns from a cluster that is being made when its parts came
// up. Nodes and pods are watched from the moment that there is an API to ask;
// what happened before is taken from the objects' own times, which are whole
// seconds. Docker and the nodes' journals are asked once, at the end: they
// remember to the microsecond. An observer never fails the work that it observes.
package observe

import (
	"context"
	"errors"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/timeline"
	"github.com/kindctl/kindctl/pkg/event"
)

// Observer observes one cluster.
type Observer struct {
	cluster string
	docker  *provider.Connection
	sink    event.Sink
	notes   notes

	mu      sync.Mutex
	client  *kube.Client
	stop    context.CancelFunc
	watches sync.WaitGroup
	asked   time.Time
}

// New returns an Observer of a cluster in a Docker, and of its CNI, or "", that warns a
// sink of what cannot be observed.
func New(docker *provider.Connection, cluster, cni string, sink event.Sink) *Observer {
	return &Observer{
		cluster: cluster,
		docker:  docker,
		sink:    sink,
		notes:   notes{cni: cni, nodes: map[string]*timeline.NodeFacts{}, pods: map[string]*timeline.PodFacts{}},
	}
}

// Watch begins to watch through a client and returns at once. Later calls do
// nothing.
func (o *Observer) Watch(ctx context.Context, client *kube.Client) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client != nil {
		return
	}
	o.client = client
	o.notes.connected = time.Now()
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Facts
	o.stop = stop
	core := client.Clientset.CoreV1()
	nodes, pods := core.Nodes(), core.Pods(metav1.NamespaceSystem)
	o.watches.Go(func() {
		o.warn(ctx, "nodes", kube.UntilAll(ctx, kube.ListWatch(nodes.List, nodes.Watch, metav1.ListOptions{}), func(seen []*corev1.Node) error {
			return o.notes.addNodes(seen, time.Now())
		}))
	})
	o.watches.Go(func() {
		o.warn(ctx, "pods", kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, metav1.ListOptions{}), func(seen []*corev1.Pod) error {
			return o.notes.addPods(seen, time.Now())
		}))
	})
}

// askTimeout bounds the questions at the end.
const askTimeout = 10 * time.Second

// Facts ends the watches, asks the cluster what only it knows, and returns all
// that is known. Later calls ask nothing. When ctx is over nothing is asked, and
// nothing is known of a cluster that no one could connect to.
func (o *Observer) Facts(ctx context.Context) timeline.Facts {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client == nil || !o.asked.IsZero() {
		return o.notes.facts(o.asked)
	}
	o.asked = time.Now()
	o.stop()
	o.watches.Wait()
	if ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { o.warn(ctx, "API", o.askAPI(ctx)) })
		group.Go(func() { o.warn(ctx, "nodes' journals", o.askNodes(ctx)) })
		group.Wait()
	}
	return o.notes.facts(o.asked)
}

// askAPI looks again, for the latest changes.
func (o *Observer) askAPI(ctx context.Context) error {
	core := o.client.Clientset.CoreV1()
	system, err := core.Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err == nil { // the API server itself makes it, as soon as it works
		o.notes.live(system.CreationTimestamp.Time)
	}
	nodes, nodesErr := core.Nodes().List(ctx, metav1.ListOptions{})
	if nodesErr == nil {
		_ = o.notes.addNodes(pointers(nodes.Items), time.Now()) // it says only that there may be more
	}
	pods, podsErr := core.Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if podsErr == nil {
		_ = o.notes.addPods(pointers(pods.Items), time.Now())
	}
	return errors.Join(err, nodesErr, podsErr)
}

func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}

// warn warns of an error, unless it only says that the watch is over.
func (o *Observer) warn(ctx context.Context, what string, err error) {
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		event.Warn(o.sink, event.Phase, "trace", "the timeline lacks the "+what+": "+err.Error(), "")
	}
}
