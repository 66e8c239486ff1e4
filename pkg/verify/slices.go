package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindctl/kindctl/pkg/kube"
)

func sliceChecks() []Check {
	return []Check{{
		ID: "kcm.slices", Group: groupControllers, Title: "EndpointSlices follow the readiness of pods",
		Proves: "A pod behind a new Service is made ready and unready by a readiness gate; each time the Service's EndpointSlice must follow. Service proxies and DNS know endpoints from there alone.",
		Hint:   "kubectl get endpointslices -A; kubectl -n kube-system logs -l component=kube-controller-manager --tail=50",
		Needs:  []string{"api.ready", "kcm.leader", "kubelet.work"},
		Rights: rights(RightsOfFleet, []string{"patch pods/status", "create,get services", "list,watch endpointslices.discovery.k8s.io"}),
		Slow:   true, Timeout: 20 * time.Second, Run: slicesFollow,
	}}
}

const (
	gatedName = "gated"
	// readinessGate is a condition of pods that the check itself sets.
	readinessGate corev1.PodConditionType = "kindctl.dev/ready"
	// sliceTime is how long an EndpointSlice may take to follow a pod.
	sliceTime = 10 * time.Second
)

func slicesFollow(ctx context.Context, t *Target) (Evidence, error) {
	hosts, err := t.Hosts.Ready(ctx) // so that no CNI is on trial here
	if err != nil {
		return nil, err
	}
	if _, err := t.service(ctx, gatedName, corev1.ServiceSpec{Selector: map[string]string{fleetLabel: hostsValue}}); err != nil {
		return nil, err
	}
	gated := hosts[len(hosts)-1]
	var evidence Evidence
	for _, ready := range []bool{true, false} {
		if err := t.setGate(ctx, gated, ready); err != nil {
			return evidence, err
		}
		started := time.Now()
		if err := t.sliceIs(ctx, gated.Namespace, ready); err != nil {
			return evidence, err
		}
		evidence = append(evidence, fmt.Sprintf("pod ready %v: the EndpointSlice followed in %v", ready, time.Since(started).Round(time.Millisecond)))
	}
	return evidence, nil
}

// setGate sets the condition of the readiness gate, which is nobody else's.
func (t *Target) setGate(ctx context.Context, pod Probe, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.PodCondition{{Type: readinessGate, Status: status}}}})
	if err != nil {
		return err
	}
	_, err = t.Kube.Clientset.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("set the readiness gate of pod %s: %w", pod.Name, err)
	}
	return nil
}

// sliceIs watches until the Service's slices have a ready endpoint, or none.
func (t *Target) sliceIs(ctx context.Context, namespace string, ready bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, sliceTime, fmt.Errorf("not within %v", sliceTime))
	defer cancel()
	slices := t.Kube.Clientset.DiscoveryV1().EndpointSlices(namespace)
	selection := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + gatedName}
	return kube.UntilAll(ctx, kube.ListWatch(slices.List, slices.Watch, selection), func(seen []*discoveryv1.EndpointSlice) error {
		return judgeSlices(seen, ready)
	})
}

func judgeSlices(seen []*discoveryv1.EndpointSlice, ready bool) error {
	endpoints, readyOnes := 0, 0
	for _, slice := range seen {
		for _, endpoint := range slice.Endpoints {
			endpoints++
			if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
				readyOnes++
			}
		}
	}
	switch {
	case len(seen) == 0:
		return errors.New("the Service has no EndpointSlice")
	case ready && readyOnes != 1:
		return fmt.Errorf("the pod is ready, and %d of %d endpoints are", readyOnes, endpoints)
	case !ready && readyOnes != 0:
		return fmt.Errorf("the pod is not ready, and %d of %d endpoints still are", readyOnes, endpoints)
	}
	return nil
}
