package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

func removalCheck() Check {
	return Check{
		ID: "svc.remove", Group: groupService, Title: "An endpoint that is gone gets no more connections, and a Service without endpoints refuses them",
		Proves: "Of two pods behind a new Service one is deleted: soon after its endpoint is gone, fresh connections from every node must all reach the other. That one is deleted as well: then they must be refused at once, not run into a timeout. (Beside kube-proxy, Cilium drops them: there, nobody may answer.)",
		Hint:   lookAtProxy,
		Needs:  []string{"svc.clusterip"},
		Rights: rights(rightsOfServices, []string{"delete pods", "list,watch endpointslices.discovery.k8s.io"}),
		Slow:   true, Timeout: 25 * time.Second, Skip: withoutCNI, Run: endpointsLeave,
	}
}

const (
	leavingName  = "leaving"
	leavingLabel = "kindctl.dev/leaving"
	// leaveTime is how long a service proxy may take to follow an EndpointSlice.
	leaveTime = 10 * time.Second
	// leaveTries is how many connections per node show that one of two
	// endpoints is no longer in use, but for a chance of one in a hundred. They
	// are made twice.
	leaveTries = 7
	// leaveHold is after how long an endpoint must still be out of use.
	leaveHold = 500 * time.Millisecond
	// leavePatience bounds a look at one node: what goes to a pod that is gone
	// hangs, and goes there still when its first packet is sent again after 1 s.
	leavePatience = 1500 * time.Millisecond
)

func endpointsLeave(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := t.startProbes(ctx, t.leavingPods(probes))
	if err != nil {
		return nil, err
	}
	address, err := t.service(ctx, leavingName, "", map[string]string{leavingLabel: "yes"})
	if err != nil {
		return nil, err
	}
	// Every node has its own time to follow: kernels send few ICMP messages to one
	// address, so that seldom all of them refuse in the same moment for long.
	follow := func(looks, tries int, judge func(answers, failures []string) string) error {
		_, err := each(probes, func(probe Probe) (string, error) {
			w := way{from: probe, to: "Service " + leavingName, protocol: "http", host: address, port: servicePort, request: askName, tries: tries, patience: leavePatience, judge: judge}
			return "", within(ctx, leaveTime, func() error { return again(ctx, looks, w) })
		})
		return err
	}
	if err := follow(1, 2*leaveTries, answeredByAll([]string{pods[0].Name, pods[1].Name})); err != nil {
		return nil, fmt.Errorf("with two endpoints: %w", err)
	}
	var evidence Evidence
	for left, followed := range []func() error{
		func() error { return follow(2, leaveTries, answeredBy(pods[1].Name)) },
		func() error { return follow(1, 1, refusedBy(t.Expect)) },
	} {
		gone := pods[left]
		if err := t.leave(ctx, gone); err != nil {
			return evidence, err
		}
		started := time.Now()
		if err := followed(); err != nil {
			err = fmt.Errorf("%v after the endpoint %s on %s was gone: %w", time.Since(started).Round(time.Second), gone.Name, gone.Node, err)
			if isUnobservable(err) {
				return evidence, err
			}
			return evidence, Final(err) // another attempt would begin with new pods, and forget this
		}
		evidence = append(evidence, fmt.Sprintf("%d of 2 endpoints left: followed on every node after %v", 1-left, time.Since(started).Round(10*time.Millisecond)))
	}
	return evidence, nil
}

// again looks one way so many times, with leaveHold between.
func again(ctx context.Context, looks int, w way) error {
	for look := range looks {
		if look > 0 {
			select {
			case <-time.After(leaveHold):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if _, err := tryAll(ctx, []way{w}); err != nil {
			return err
		}
	}
	return nil
}

// leavingPods are on different nodes where there are two.
func (t *Target) leavingPods(probes []Probe) (pods []*corev1.Pod) {
	for i, node := range []string{probes[0].Node, probes[len(probes)-1].Node} {
		pod := t.probePod(fmt.Sprintf("%s-%d", leavingName, i), node, map[string]string{leavingLabel: "yes"})
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		pods = append(pods, pod)
	}
	return pods
}

// leave deletes a pod and watches until no EndpointSlice has it as ready.
func (t *Target) leave(ctx context.Context, gone Probe) error {
	if err := t.Kube.Clientset.CoreV1().Pods(gone.Namespace).Delete(ctx, gone.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete pod %s: %w", gone.Name, err)
	}
	client := t.Kube.Clientset.DiscoveryV1().EndpointSlices(gone.Namespace)
	source := kube.ListWatch(client.List, client.Watch, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + leavingName})
	return kube.UntilAll(ctx, source, func(seen []*discoveryv1.EndpointSlice) error {
		for _, slice := range seen {
			for _, endpoint := range slice.Endpoints {
				if slices.Contains(endpoint.Addresses, gone.IP) && endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					return fmt.Errorf("the pod %s is deleted, and its endpoint %s still ready", gone.Name, gone.IP)
				}
			}
		}
		return nil
	})
}

// within tries until it works, or the time is over, or it cannot be seen.
func within(ctx context.Context, limit time.Duration, attempt func() error) error {
	deadline := time.Now().Add(limit)
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := attempt()
		if err == nil || isUnobservable(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// refusals are the words of a connection that is refused. kube-proxy has an
// ICMP message sent; where Cilium balances in the socket, the system call fails.
func refusals(expect Expectation) []string {
	if expect.ProxyMode == "none" {
		return []string{"connection refused", "operation not permitted", "no route to host"}
	}
	return []string{"connection refused"}
}

// dropped tells whether connections to a Service without endpoints may hang:
// beside kube-proxy, Cilium itself takes what pods send to a Service, and drops
// it (seen with 1.20.2: kube-proxy's rule that rejects counts no packet).
func dropped(expect Expectation) bool { return expect.CNI == "cilium" && expect.ProxyMode != "none" }

// refusedBy wants every connection to be refused, and none to hang, but where
// it may be dropped.
func refusedBy(expect Expectation) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		if len(answers) > 0 {
			return fmt.Sprintf("%q answered, though no endpoint is left", answers[0])
		}
		for _, failure := range failures {
			if !dropped(expect) && !slices.ContainsFunc(refusals(expect), func(words string) bool { return strings.Contains(failure, words) }) {
				return "not refused, though no endpoint is left: " + failure
			}
		}
		if len(failures) == 0 {
			return "nothing was tried"
		}
		return ""
	}
}
