package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// The ports on which every probe pod answers with its name.
const (
	probeHTTPPort = 8080
	probeUDPPort  = 8081
)

const (
	fleetLabel = "kindctl.dev/fleet"
	fleetValue = "probe"
)

// Fleet is one probe pod on every node, control planes included. Network
// checks share it. The pods are pinned to their nodes, so that a scheduler
// which does not work leaves them alone.
type Fleet struct {
	target *Target
	mu     sync.Mutex
	probes []Probe
}

// Probe is a pod that answers, and that dials others when asked.
type Probe struct {
	kube *kube.Client
	kube.PodRef
	Node, IP string
}

func newFleet(t *Target) *Fleet { return &Fleet{target: t} }

// Ready returns the probes, sorted by node. The first call makes them; one
// that fails is tried again by the next.
func (f *Fleet) Ready(ctx context.Context) ([]Probe, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.probes != nil {
		return f.probes, nil
	}
	nodes, err := f.target.Kube.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	if len(nodes.Items) == 0 {
		return nil, errors.New("the cluster has no nodes")
	}
	var pods []*corev1.Pod
	for _, node := range nodes.Items {
		pod := f.target.probePod("probe-"+node.Name, node.Name, map[string]string{fleetLabel: fleetValue})
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		pods = append(pods, pod)
	}
	f.probes, err = f.target.startProbes(ctx, pods)
	return f.probes, err
}

// probePod describes a pod of the probe image that answers on its ports. It
// meets the restricted level of Pod Security.
func (t *Target) probePod(name, node string, labels map[string]string) *corev1.Pod {
	no, yes, user, now := false, true, int64(65532), int64(0)
	all := map[string]string{RunLabel: t.RunID}
	for key, value := range labels {
		all[key] = value
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: all},
		Spec: corev1.PodSpec{
			NodeName:                      node,
			AutomountServiceAccountToken:  &no,
			EnableServiceLinks:            &no,
			TerminationGracePeriodSeconds: &now,
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{
				Name: "probe", Image: t.Expect.ProbeImage, ImagePullPolicy: corev1.PullIfNotPresent,
				Args:            []string{"netexec", fmt.Sprintf("--http-port=%d", probeHTTPPort), fmt.Sprintf("--udp-port=%d", probeUDPPort)},
				Resources:       smallResources(),
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
}

// startProbes creates the pods that are not there yet and waits, by watching,
// until all of them are ready.
func (t *Target) startProbes(ctx context.Context, pods []*corev1.Pod) ([]Probe, error) {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return nil, err
	}
	client := t.Kube.Clientset.CoreV1().Pods(namespace)
	wanted := map[string]bool{}
	for _, pod := range pods {
		wanted[pod.Name] = true
		if _, err := client.Create(ctx, pod, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("create pod %s: %w", pod.Name, err)
		}
	}
	var probes []Probe
	err = kube.UntilAll(ctx, kube.ListWatch(client.List, client.Watch, metav1.ListOptions{}), func(seen []*corev1.Pod) error {
		probes = nil
		var waiting []string
		for _, pod := range seen {
			if !wanted[pod.Name] {
				continue
			}
			if reason := podNotReady(pod); reason != "" {
				waiting = append(waiting, fmt.Sprintf("%s on %s: %s", pod.Name, pod.Spec.NodeName, reason))
				continue
			}
			probes = append(probes, Probe{kube: t.Kube, PodRef: kube.PodRef{Namespace: namespace, Name: pod.Name}, Node: pod.Spec.NodeName, IP: pod.Status.PodIP})
		}
		if len(waiting) > 0 || len(probes) < len(pods) {
			slices.Sort(waiting)
			return fmt.Errorf("%d of %d probe pods are ready; %s", len(probes), len(pods), strings.Join(waiting, "; "))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(probes, func(a, b Probe) int { return strings.Compare(a.Node, b.Node) })
	return probes, nil
}

// podNotReady says why a pod is not ready, or "".
func podNotReady(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return ""
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		if waiting := status.State.Waiting; waiting != nil {
			return strings.TrimSpace(waiting.Reason + " " + waiting.Message)
		}
		if ended := status.State.Terminated; ended != nil {
			return strings.TrimSpace(ended.Reason + " " + ended.Message)
		}
	}
	return strings.TrimSpace(string(pod.Status.Phase) + " " + pod.Status.Message)
}

// Dial lets the probe send a number of requests, each on a connection of its
// own, and returns the answers and what went wrong. Protocol is http or udp.
// The error says that the probe could not be asked.
func (p Probe) Dial(ctx context.Context, protocol, host string, port, tries int) (answers, failures []string, err error) {
	query := url.Values{"host": {host}, "port": {strconv.Itoa(port)}, "protocol": {protocol}, "request": {"hostname"}, "tries": {strconv.Itoa(tries)}}
	status, body, err := p.kube.GetPod(ctx, p.Namespace, p.Name, probeHTTPPort, "/dial?"+query.Encode())
	if err != nil {
		return nil, nil, fmt.Errorf("ask the probe on %s: %w", p.Node, err)
	}
	if status == http.StatusBadRequest { // the name does not resolve
		return nil, []string{strings.TrimSpace(string(body))}, nil
	}
	var result struct{ Responses, Errors []string }
	if err := json.Unmarshal(body, &result); err != nil || status != http.StatusOK {
		return nil, nil, fmt.Errorf("ask the probe on %s: status %d: %q", p.Node, status, body)
	}
	return result.Responses, result.Errors, nil
}
