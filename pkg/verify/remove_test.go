package verify

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// balancer is a Service's endpoints, which it takes in turn.
type balancer struct {
	sync.Mutex
	live  []string // the pods that there are
	stale []string // where it is set, the pods that the node of probe-w2 knows
	turn  int
}

// dial answers as the service proxy of the pod's node has it.
func (b *balancer) dial(pod string, query url.Values) (r reply, err error) {
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

// endpoints lets the pods of svc.remove come and go, with their slice.
func (b *balancer) endpoints(t *testing.T, target *Target, stopped bool) {
	t.Helper()
	client := target.Kube.Clientset.(*fake.Clientset)
	publish := func() {
		ready := true
		slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: namespacePrefix + target.RunID, Name: "leaving-1", Labels: map[string]string{discoveryv1.LabelServiceName: leavingName}}}
		for _, name := range b.live {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{"ip of " + name}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}})
		}
		resource := discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
		if client.Tracker().Update(resource, slice, slice.Namespace) == nil {
			return
		}
		if err := client.Tracker().Create(resource, slice, slice.Namespace); err != nil {
			t.Error(err)
		}
	}
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Namespace = action.GetNamespace()
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "ip of " + pod.Name, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
		if strings.HasPrefix(pod.Name, leavingName) {
			b.Lock()
			defer b.Unlock()
			b.live = append(b.live, pod.Name)
			publish()
		}
		return false, nil, nil
	})
	client.PrependReactor("delete", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		gone := action.(clienttesting.DeleteAction).GetName()
		b.Lock()
		defer b.Unlock()
		if stopped && b.stale == nil {
			b.stale = slices.Clone(b.live)
		}
		b.live = slices.DeleteFunc(slices.Clone(b.live), func(name string) bool { return name == gone })
		publish()
		return false, nil, nil
	})
}

func TestEndpointsLeave(t *testing.T) {
	tests := map[string]struct {
		stopped bool
		dial    func(*balancer) func(pod string, query url.Values) (reply, error)
		want    string
		final   bool
	}{
		"followed":               {false, nil, "", false},
		"a proxy has stopped":    {true, nil, "w2 -> Service leaving", true},
		"one never answers":      {false, onlyFirst, "with two endpoints: ", false},
		"the probe is not seen":  {false, unseen, "ask the probe on w", false},
		"the last is not missed": {false, undead, "answered, though no endpoint is left", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &balancer{}
				target := stampedTarget(otherClock, readyNode("w1"), readyNode("w2"))
				target.Expect.ProxyMode = "iptables"
				b.endpoints(t, target, test.stopped)
				dial := b.dial
				if test.dial != nil {
					dial = test.dial(b)
				}
				target.Pods = dialled(dial)
				evidence, err := endpointsLeave(t.Context(), target)
				wantErr(t, err, test.want)
				if err != nil && isFinal(err) != test.final {
					t.Errorf("final is %v: %v", !test.final, err)
				}
				if err == nil && len(evidence) != 2 {
					t.Errorf("evidence %q", evidence)
				}
				if closing := target.Close(t.Context()); closing != nil { // ends the heart
					t.Error(closing)
				}
			})
		})
	}
}

// onlyFirst answers with one pod alone, whatever there is.
func onlyFirst(*balancer) func(string, url.Values) (reply, error) {
	return func(string, url.Values) (reply, error) { return reply{Responses: []string{"leaving-0"}}, nil }
}

func unseen(*balancer) func(string, url.Values) (reply, error) {
	return func(string, url.Values) (reply, error) { return reply{}, errors.New("port-forward failed") }
}

// undead answers for the second pod when it is gone, too.
func undead(b *balancer) func(string, url.Values) (reply, error) {
	return func(pod string, query url.Values) (reply, error) {
		if r, err := b.dial(pod, query); err != nil || len(r.Errors) == 0 {
			return r, err
		}
		return reply{Responses: []string{"leaving-1"}}, nil
	}
}
