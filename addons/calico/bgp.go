package calico

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// statusPeriod is how often, in seconds, an agent renews a CalicoNodeStatus.
const statusPeriod = 1

// removalTime bounds the removal of a CalicoNodeStatus. What it leaves is for
// the end of the run.
const removalTime = 5 * time.Second

// sessions has the agent of every node report its BGP sessions.
func sessions(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	settings, err := t.Kube.Clientset.CoreV1().ConfigMaps(namespace).Get(ctx, "calico-config", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read Calico's settings: %w", err)
	}
	if backend := settings.Data["calico_backend"]; backend != "bird" {
		return nil, verify.Inapplicable(fmt.Sprintf("Calico does not use BGP here (backend %q)", backend))
	}
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	if _, err := probe.Of(t).Namespace(ctx); err != nil { // without one the run would count as over
		return nil, err
	}
	statuses := t.Kube.Dynamic.Resource(resource("caliconodestatuses"))
	probe.RegisterCleanup(t, "CalicoNodeStatus", statuses.List, func(ctx context.Context, name string, options metav1.DeleteOptions) error {
		return statuses.Delete(ctx, name, options)
	})
	return verify.Evaluated(verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		return nodeSessions(ctx, t, pod.Spec.NodeName, len(pods)-1)
	}))
}

// nodeSessions asks by making an object that the node's agent fills in.
func nodeSessions(ctx context.Context, t *verify.Target, node string, peers int) (seen string, err error) {
	resources := t.Kube.Dynamic.Resource(resource("caliconodestatuses"))
	name := "kindctl-" + t.RunID + "-" + node
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "crd.projectcalico.org/v1", "kind": "CalicoNodeStatus",
		"metadata": map[string]any{"name": name, "labels": map[string]any{verify.RunLabel: t.RunID}},
		"spec":     map[string]any{"node": node, "classes": []any{"BGP"}, "updatePeriodSeconds": int64(statusPeriod)},
	}}
	if _, err := resources.Create(ctx, request, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("create CalicoNodeStatus %s: %w", name, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTime)
		defer cancel()
		_ = resources.Delete(ctx, name, metav1.DeleteOptions{}) // another attempt uses it again
	}()
	err = kube.Until(
		ctx,
		kube.ListWatch(resources.List, resources.Watch, kube.Named(name)),
		func(status *unstructured.Unstructured) (problem error) {
			seen, problem = checkSessions(status.Object, peers)
			return problem
		},
	)
	return seen, err
}

// nodeStatus is what is needed of a CalicoNodeStatus.
type nodeStatus struct {
	Status struct {
		LastUpdated string `json:"lastUpdated"`
		BGP         struct {
			PeersV4 []struct {
				PeerIP string `json:"peerIP"`
				State  string `json:"state"`
			} `json:"peersV4"`
		} `json:"bgp"`
	} `json:"status"`
}

// checkSessions wants every session established, and one for every peer.
func checkSessions(object map[string]any, peers int) (seen string, err error) {
	var s nodeStatus
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, &s); err != nil {
		return "", err
	}
	if s.Status.LastUpdated == "" {
		return "", errors.New("the agent has not reported its sessions")
	}
	var established, broken []string
	for _, peer := range s.Status.BGP.PeersV4 {
		if peer.State == "Established" {
			established = append(established, peer.PeerIP)
		} else {
			broken = append(broken, fmt.Sprintf("the session with %s is %s", peer.PeerIP, peer.State))
		}
	}
	if len(broken) > 0 {
		return "", errors.New(strings.Join(broken, ", "))
	}
	if len(established) < peers {
		return "", fmt.Errorf("%d sessions are established, expected %d", len(established), peers)
	}
	return "sessions with " + strings.Join(established, ", "), nil
}
