package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	netutils "k8s.io/utils/net"

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
	hostsValue = "host"
	nodeLabel  = "kindctl.dev/node"
)

// Fleet is one probe pod on every node, control planes included. Checks share
// it. The pods are pinned to their nodes, so that a scheduler which does not
// work leaves them alone.
type Fleet struct {
	target *Target
	prefix string
	shape  func(*corev1.Pod)
	turn   chan struct{} // holds one token while nobody makes the pods
	probes []Probe
}

// Probe is a pod that answers, and that dials others when asked.
type Probe struct {
	pods Pods
	kube.PodRef
	Node, IP string
	// IPs are the pod's addresses, one of each IP family; IP is one of them.
	IPs []string
	// HTTPPort answers HTTP, UDPPort UDP, each request with the pod's name.
	HTTPPort, UDPPort int
	// HostNetwork tells that it is on its node's network, not on that of pods.
	HostNetwork bool
}

func newFleet(t *Target, prefix string, shape func(*corev1.Pod)) *Fleet {
	f := &Fleet{target: t, prefix: prefix, shape: shape, turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	return f
}

// onPodNetwork lets a probe answer to the Services of the run and at a hostPort, and
// a policy know it by its node.
func (t *Target) onPodNetwork(pod *corev1.Pod) {
	pod.Labels[fleetLabel] = fleetValue
	pod.Labels[nodeLabel] = nodeKey(pod.Spec.NodeName)
	pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: probeHTTPPort, HostPort: int32(t.podPort())}} //nolint:gosec // it is a port
}

// nodeKey stands for a node in a label, where its name might be too long.
func nodeKey(node string) string {
	sum := fnv.New64a()
	sum.Write([]byte(node))
	return strconv.FormatUint(sum.Sum64(), 16)
}

// onHostNetwork puts a probe on its node's network, on ports that follow from
// the run's ID, so that two runs do not meet. It is the one kind of probe that
// the restricted level of Pod Security does not admit. Its readiness is for
// kcm.slices to play with.
func (t *Target) onHostNetwork(pod *corev1.Pod) {
	pod.Labels[fleetLabel] = hostsValue
	pod.Spec.HostNetwork = true
	pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: readinessGate}}
	httpPort, udpPort := t.hostPorts()
	pod.Spec.Containers[0].Args = netexec(httpPort, udpPort)
}

// hostPorts are between the ports of well-known services and those of
// NodePorts (30000) and outgoing connections (32768).
func (t *Target) hostPorts() (httpPort, udpPort int) {
	const first, pairs = 20000, 4000
	sum := fnv.New32a()
	sum.Write([]byte(t.RunID))
	port := first + 2*int(sum.Sum32()%pairs)
	return port, port + 1
}

// Ready returns the probes, sorted by node. The first call makes them; one
// that fails is tried again by the next.
func (f *Fleet) Ready(ctx context.Context) ([]Probe, error) {
	select {
	case <-f.turn:
		defer func() { f.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, fmt.Errorf("the probe pods are not ready yet: %w", context.Cause(ctx))
	}
	if f.probes != nil {
		return f.probes, nil
	}
	pods, err := f.describe(ctx)
	if err != nil {
		return nil, err
	}
	f.probes, err = f.target.startProbes(ctx, pods)
	return f.probes, err
}

// Start creates the probes and does not wait for them.
func (f *Fleet) Start(ctx context.Context) error {
	pods, err := f.describe(ctx)
	if err != nil {
		return err
	}
	return f.target.createPods(ctx, pods)
}

// describe returns the pods of the fleet as they are to be created.
func (f *Fleet) describe(ctx context.Context) (pods []*corev1.Pod, err error) {
	nodes, err := f.target.nodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.target.choosePodPort(ctx); err != nil {
		return nil, err
	}
	for _, node := range nodes {
		pod := f.target.probePod(f.prefix+node.Name, node.Name, nil)
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		f.shape(pod)
		pods = append(pods, pod)
	}
	return pods, nil
}

func netexec(httpPort, udpPort int) []string {
	return []string{"netexec", fmt.Sprintf("--http-port=%d", httpPort), fmt.Sprintf("--udp-port=%d", udpPort)}
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
				Args:            netexec(probeHTTPPort, probeUDPPort),
				Resources:       smallResources(),
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
}

// createPods creates the pods that are not there yet.
func (t *Target) createPods(ctx context.Context, pods []*corev1.Pod) error {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := t.createPod(ctx, namespace, pod); err != nil {
			return fmt.Errorf("create pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// createPod creates a pod, unless it is there. One that admission refuses is tried
// without its hostPort.
func (t *Target) createPod(ctx context.Context, namespace string, pod *corev1.Pod) error {
	pods := t.Kube.Clientset.CoreV1().Pods(namespace)
	_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if _, objected := objectionTo(err); objected && dropHostPorts(pod) {
		if _, again := pods.Create(ctx, pod, metav1.CreateOptions{}); again == nil || apierrors.IsAlreadyExists(again) {
			t.withoutHostPort.Store(true)
			return nil
		}
	}
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// startProbes creates the pods that are not there yet and waits, by watching,
// until all of them are ready.
func (t *Target) startProbes(ctx context.Context, pods []*corev1.Pod) ([]Probe, error) {
	if err := t.createPods(ctx, pods); err != nil {
		return nil, err
	}
	namespace := namespacePrefix + t.RunID
	client := t.Kube.Clientset.CoreV1().Pods(namespace)
	wanted := map[string]bool{}
	for _, pod := range pods {
		wanted[pod.Name] = true
	}
	var probes []Probe
	err := kube.UntilAll(ctx, kube.ListWatch(client.List, client.Watch, metav1.ListOptions{}), func(seen []*corev1.Pod) error {
		probes = nil
		var waiting []error
		for _, pod := range seen {
			if !wanted[pod.Name] {
				continue
			}
			if reason := podNotReady(pod); reason != "" {
				waiting = append(waiting, AboutNode(pod.Spec.NodeName, fmt.Errorf("%s on %s: %s", pod.Name, pod.Spec.NodeName, reason)))
				continue
			}
			probes = append(probes, t.probe(pod))
		}
		if len(waiting) > 0 || len(probes) < len(pods) {
			return Around(joined(waiting), func(err error) error {
				return fmt.Errorf("%d of %d probe pods are ready; %w", len(probes), len(pods), err)
			})
		}
		return nil
	})
	if err != nil {
		return nil, t.withLastWords(ctx, err, namespace, wanted)
	}
	slices.SortFunc(probes, func(a, b Probe) int { return strings.Compare(a.Node, b.Node) })
	return probes, nil
}

func (t *Target) probe(pod *corev1.Pod) Probe {
	ips := []string{pod.Status.PodIP}
	for _, address := range pod.Status.PodIPs {
		if address.IP != pod.Status.PodIP {
			ips = append(ips, address.IP)
		}
	}
	p := Probe{pods: t.Pods, IPs: ips, PodRef: kube.PodRef{Namespace: pod.Namespace, Name: pod.Name}, Node: pod.Spec.NodeName, IP: pod.Status.PodIP, HTTPPort: probeHTTPPort, UDPPort: probeUDPPort}
	if p.HostNetwork = pod.Spec.HostNetwork; p.HostNetwork {
		p.HTTPPort, p.UDPPort = t.hostPorts()
	}
	return p
}

func (p Probe) onNode() string { return p.Node }

// Faces are the probe at each of its addresses.
func (p Probe) Faces() (faces []Probe) {
	for _, p.IP = range slices.Clone(p.IPs) {
		faces = append(faces, p)
	}
	return faces
}

// ofFamily are those of the addresses that are of an IP family, which another
// address stands for.
func ofFamily(like string, addresses []string) (same []string) {
	for _, address := range addresses {
		if netutils.IsIPv6String(address) == netutils.IsIPv6String(like) {
			same = append(same, address)
		}
	}
	return same
}

// distinct are the two probes, or the one that both are.
func distinct(a, b Probe) []Probe {
	return slices.CompactFunc([]Probe{a, b}, func(a, b Probe) bool { return a.PodRef == b.PodRef })
}

// podNotReady says why a pod is not ready, but for its gates, or "".
func podNotReady(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.ContainersReady && condition.Status == corev1.ConditionTrue {
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

// Dial lets the probe ask for a name a number of times, each on a connection
// of its own, and returns the answers and what went wrong. Protocol is http or
// udp. The error says that the probe could not be asked.
func (p Probe) Dial(ctx context.Context, protocol, host string, port, tries int) (answers, failures []string, err error) {
	return p.Send(ctx, protocol, host, port, "hostname", tries)
}

// Send is Dial with another request.
func (p Probe) Send(ctx context.Context, protocol, host string, port int, request string, tries int) (answers, failures []string, err error) {
	query := url.Values{"host": {host}, "port": {strconv.Itoa(port)}, "protocol": {protocol}, "request": {request}, "tries": {strconv.Itoa(tries)}}
	status, body, err := p.pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, "/dial?"+query.Encode())
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

// printed is what a command printed to both of its outputs, and how it failed: "" is
// that it did not.
type printed struct{ Output, Error string }

// shell runs a command line in the probe's container. The probe itself starts it, which
// is much cheaper than a process that the container runtime starts. The error says that
// the probe could not be asked.
func (p Probe) shell(ctx context.Context, command string) (result printed, err error) {
	status, body, err := p.pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, "/shell?"+url.Values{"cmd": {command}}.Encode())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %q", status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &result)
	}
	if err == nil && result.Error == "exit status 127" { // the shell found no such program
		err = errors.New(strings.TrimSpace(result.Output))
	}
	if err != nil {
		return printed{}, Unobservable(fmt.Errorf("run %q in the probe on %s: %w", command, p.Node, err))
	}
	return result, nil
}

// readFile returns a file as the probe sees it.
func (p Probe) readFile(ctx context.Context, path string) (string, error) {
	read, err := p.shell(ctx, "cat "+path)
	if err == nil && read.Error != "" {
		err = Unobservable(fmt.Errorf("read %s in the probe on %s: %s: %s", path, p.Node, read.Error, strings.TrimSpace(read.Output)))
	}
	return read.Output, err
}
