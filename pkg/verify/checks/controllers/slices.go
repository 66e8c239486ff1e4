package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func sliceChecks() []verify.Check {
	return []verify.Check{{
		ID: "kcm.slices", Group: groupControllers, Title: "EndpointSlices follow the readiness of pods",
		Proves: "A readiness gate makes a pod behind a new Service ready, then unready. The Service's EndpointSlice must follow each time. Service proxies and DNS learn endpoints only from EndpointSlices.",
		Hint:   "kubectl get endpointslices -A; kubectl -n kube-system logs -l component=kube-controller-manager --tail=50",
		Needs:  []string{"api.ready", "kcm.leader", "kubelet.work"},
		Rights: verify.JoinRights(probe.RightsOfFleet, []string{"patch pods/status", "create,get services", "list,watch endpointslices.discovery.k8s.io"}),
		Slow:   true, Timeout: 20 * time.Second, Run: slicesFollow,
	}}
}

const (
	gatedName = "gated"
	// sliceTime is how long an EndpointSlice may take to follow a pod.
	sliceTime = 10 * time.Second
)

func slicesFollow(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	hosts, err := probe.Of(t).Hosts.Ready(ctx) // so that no CNI is on trial here
	if err != nil {
		return nil, err
	}
	serviceIPs, err := probe.Of(t).Service(ctx, gatedName, corev1.ServiceSpec{Selector: map[string]string{probe.FleetLabel: probe.HostsValue}})
	if err != nil {
		return nil, err
	}
	gated := hosts[len(hosts)-1]
	var addresses []string // there is a slice for each IP family of the Service
	for _, ip := range serviceIPs {
		addresses = append(addresses, probe.OfFamily(ip, gated.IPs)...)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("the Service has the addresses %v, and the pod, of other IP families, %v", serviceIPs, gated.IPs)
	}
	var evidence verify.Evidence
	for _, ready := range []bool{true, false} {
		if err := setGate(ctx, t, gated, ready); err != nil {
			return evidence, err
		}
		started := time.Now()
		want := addresses
		if !ready {
			want = nil
		}
		if err := readyEndpointsAre(ctx, t, gated.Namespace, want); err != nil {
			return evidence, err
		}
		evidence = append(evidence, fmt.Sprintf("pod ready %v: the EndpointSlice followed in %v", ready, time.Since(started).Round(time.Millisecond)))
	}
	return evidence, nil
}

// setGate sets the condition of the readiness gate, which is no one else's.
func setGate(ctx context.Context, t *verify.Target, pod probe.Probe, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.PodCondition{{Type: probe.ReadinessGate, Status: status}}}})
	if err != nil {
		return err
	}
	_, err = t.Kube.Clientset.CoreV1().
		Pods(pod.Namespace).
		Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("set the readiness gate of pod %s: %w", pod.Name, err)
	}
	return nil
}

// readyEndpointsAre watches until these are the addresses of the ready endpoints in
// the Service's slices.
func readyEndpointsAre(ctx context.Context, t *verify.Target, namespace string, want []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, sliceTime, fmt.Errorf("not within %v", sliceTime))
	defer cancel()
	client := t.Kube.Clientset.DiscoveryV1().EndpointSlices(namespace)
	selection := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + gatedName}
	return kube.UntilAll(ctx, kube.ListWatch(client.List, client.Watch, selection), func(seen []*discoveryv1.EndpointSlice) error {
		return evaluateSlices(seen, want)
	})
}

func evaluateSlices(seen []*discoveryv1.EndpointSlice, want []string) error {
	if len(seen) == 0 {
		return errors.New("the Service has no EndpointSlice")
	}
	var ready []string
	for _, slice := range seen {
		for _, endpoint := range slice.Endpoints {
			if ptr.Deref(endpoint.Conditions.Ready, false) {
				ready = append(ready, endpoint.Addresses...)
			}
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(ready)), slices.Sorted(slices.Values(want))) {
		return fmt.Errorf("the EndpointSlices' ready addresses are %v, the ready pod's are %v", ready, want)
	}
	return nil
}
