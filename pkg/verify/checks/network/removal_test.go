package network

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// balancer is a Service's endpoints, which it takes in turn.
type balancer struct {
	sync.Mutex
	live  []string // the nodes of the endpoints that there are
	stale []string // where it is set, those that the node of probe-w2 knows
	turn  int
}

// dial answers as the service proxy of the pod's node has it.
func (b *balancer) dial(pod string, query url.Values) (r targettest.Reply, err error) {
	b.Lock()
	defer b.Unlock()
	var tries int
	if _, err := fmt.Sscan(query.Get("tries"), &tries); err != nil {
		return r, err
	}
	known := b.live
	if pod == "probe-w2" && b.stale != nil {
		known = b.stale
	}
	for range tries {
		if len(known) == 0 {
			r.Errors = append(r.Errors, "connect: connection refused")
			continue
		}
		b.turn++
		name := known[b.turn%len(known)]
		if slices.Contains(b.live, name) {
			r.Responses = append(r.Responses, name)
		} else {
			r.Errors = append(r.Errors, "i/o timeout")
		}
	}
	return r, nil
}

// follow lets the endpoints be those of the EndpointSlice, and all probes run.
func (b *balancer) follow(t *testing.T, target *verify.Target, stopped bool) {
	t.Helper()
	client := target.Kube.Clientset.(*fake.Clientset)
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Namespace = action.GetNamespace()
		pod.Status = corev1.PodStatus{
			Phase:      corev1.PodRunning,
			PodIP:      "10.0.0.1",
			Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}},
		}
		return false, nil, nil
	})
	publish := func(action clienttesting.Action) (bool, runtime.Object, error) {
		slice := action.(clienttesting.CreateAction).GetObject().(*discoveryv1.EndpointSlice)
		b.Lock()
		defer b.Unlock()
		if stopped && b.stale == nil && action.GetVerb() == "update" {
			b.stale = slices.Clone(b.live)
		}
		b.live = nil
		for _, endpoint := range slice.Endpoints {
			b.live = append(b.live, *endpoint.NodeName)
		}
		return false, nil, nil
	}
	client.PrependReactor("create", "endpointslices", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if _, err := client.Tracker().Get(action.GetResource(), action.GetNamespace(), leavingName); err == nil {
			return false, nil, nil // it is there already
		}
		return publish(action)
	})
	client.PrependReactor("update", "endpointslices", publish)
}

func TestEndpointsLeave(t *testing.T) {
	tests := map[string]struct {
		stopped bool
		dial    func(*balancer) func(pod string, query url.Values) (targettest.Reply, error)
		want    string
		final   bool
	}{
		"followed":               {false, nil, "", false},
		"a proxy has stopped":    {true, nil, "w2 -> Service leaving", true},
		"one never answers":      {false, onlyFirst, "2 of 2 endpoints were left: ", false},
		"the probe is not seen":  {false, unseen, "ask the probe on w", false},
		"the last is not missed": {false, undead, "answered, though no endpoint is left", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &balancer{}
				target := targettest.Stamped(targettest.OtherClock, verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2"))
				target.Expect.ProxyMode = "iptables"
				b.follow(t, target, test.stopped)
				dial := b.dial
				if test.dial != nil {
					dial = test.dial(b)
				}
				target.Pods = targettest.Dialed(dial)
				evidence, err := endpointsLeave(t.Context(), target)
				verifytest.WantErr(t, err, test.want)
				if err != nil && verify.IsFinal(err) != test.final {
					t.Errorf("final is %v: %v", !test.final, err)
				}
				if err == nil && len(evidence) != 3 {
					t.Errorf("evidence %q", evidence)
				}
				if closing := target.Close(t.Context()); closing != nil { // ends the renewal of the lease
					t.Error(closing)
				}
			})
		})
	}
}

// onlyFirst answers with one pod alone, whatever there is.
func onlyFirst(*balancer) func(string, url.Values) (targettest.Reply, error) {
	return func(string, url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{"w1"}}, nil
	}
}

func unseen(*balancer) func(string, url.Values) (targettest.Reply, error) {
	return func(string, url.Values) (targettest.Reply, error) {
		return targettest.Reply{}, errors.New("port-forward failed")
	}
}

// undead answers for the last endpoint when it is gone, too.
func undead(b *balancer) func(string, url.Values) (targettest.Reply, error) {
	return func(pod string, query url.Values) (targettest.Reply, error) {
		if r, err := b.dial(pod, query); err != nil || len(r.Errors) == 0 {
			return r, err
		}
		return targettest.Reply{Responses: []string{"w1"}}, nil
	}
}
