package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	netutils "k8s.io/utils/net"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// The ports on which every probe pod answers with its name.
const (
	HTTPPort = 8080
	UDPPort  = 8081
)

// The label of probe pods: their fleet, with its values.
const (
	FleetLabel = "kindctl.dev/fleet"
	fleetValue = "probe"
	HostsValue = "host"
)

// allowedLabel is "yes" on the probe that a policy lets in, which is the one on the first
// of several nodes, and "no" on all others: for each set of labels, a CNI may keep an
// identity on every node.
const allowedLabel = "kindctl.dev/allowed"

// Allowed are the labels that a policy lets in.
var Allowed = map[string]string{allowedLabel: "yes"}

// Fleet is one probe pod on every node, control planes included. Checks share
// it. The pods are pinned to their nodes, so that a scheduler which does not
// work leaves them alone.
type Fleet struct {
	session *Session
	prefix  string
	shape   func(*corev1.Pod)
	turn    chan struct{} // holds one token while no one makes the pods
	probes  []Probe
}

// Probe is a pod that answers, and that dials others when asked.
type Probe struct {
	Pods verify.Pods
	kube.PodRef
	Node, IP string
	// IPs are the pod's addresses, one of each IP family; IP is one of them.
	IPs []string
	// HTTPPort answers HTTP, UDPPort UDP, each request with the pod's name.
	HTTPPort, UDPPort int
	// HostNetwork tells that it is on its node's network, not on that of pods.
	HostNetwork bool
}

func newFleet(s *Session, prefix string, shape func(*corev1.Pod)) *Fleet {
	f := &Fleet{session: s, prefix: prefix, shape: shape, turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	return f
}

// onPodNetwork lets a probe answer to the Services of the run and at a hostPort.
func (s *Session) onPodNetwork(pod *corev1.Pod) {
	pod.Labels[FleetLabel] = fleetValue
	hostPort := int32(s.HostPort()) //nolint:gosec // it is a port
	pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: HTTPPort, HostPort: hostPort}}
}

// onHostNetwork puts a probe on its node's network, on ports that follow from
// the run's ID, so that two runs do not meet. It is the one kind of probe that
// the restricted level of Pod Security does not admit. Its readiness is for
// kcm.slices to play with.
func (s *Session) onHostNetwork(pod *corev1.Pod) {
	pod.Labels[FleetLabel] = HostsValue
	pod.Spec.HostNetwork = true
	pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: ReadinessGate}}
	httpPort, udpPort := s.hostNetworkPorts()
	pod.Spec.Containers[0].Args = netexec(httpPort, udpPort)
}

// hostNetworkPorts are between the ports of well-known services and those of
// NodePorts (30000) and outgoing connections (32768).
func (s *Session) hostNetworkPorts() (httpPort, udpPort int) {
	const first, pairs = 20000, 4000
	sum := fnv.New32a()
	sum.Write([]byte(s.t.RunID))
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
	f.probes, err = f.session.Start(ctx, pods)
	return f.probes, err
}

// Start creates the probes and does not wait for them.
func (f *Fleet) Start(ctx context.Context) error {
	pods, err := f.describe(ctx)
	if err != nil {
		return err
	}
	return f.session.Create(ctx, pods)
}

// describe returns the pods of the fleet as they are to be created.
func (f *Fleet) describe(ctx context.Context) (pods []*corev1.Pod, err error) {
	nodes, err := f.session.t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.session.chooseHostPort(ctx); err != nil {
		return nil, err
	}
	for i, node := range nodes {
		labels := map[string]string{allowedLabel: "no"}
		if i == 0 && len(nodes) > 1 {
			labels = Allowed
		}
		pod := f.session.Pod(f.prefix+node.Name, node.Name, labels)
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		f.shape(pod)
		pods = append(pods, pod)
	}
	return pods, nil
}

func netexec(httpPort, udpPort int) []string {
	return []string{"netexec", fmt.Sprintf("--http-port=%d", httpPort), fmt.Sprintf("--udp-port=%d", udpPort)}
}

// Pod describes a pod of the probe image that answers on its ports. It
// meets the restricted level of Pod Security.
func (s *Session) Pod(name, node string, labels map[string]string) *corev1.Pod {
	no, yes, user, now := false, true, int64(65532), int64(0)
	all := map[string]string{verify.RunLabel: s.t.RunID}
	maps.Copy(all, labels)
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
				Name: "probe", Image: s.t.Expect.ProbeImage, ImagePullPolicy: corev1.PullIfNotPresent,
				Args:      netexec(HTTPPort, UDPPort),
				Resources: smallResources(),
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: &no,
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}

// Create creates the pods that are not there yet.
func (s *Session) Create(ctx context.Context, pods []*corev1.Pod) error {
	namespace, err := s.Namespace(ctx)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := s.createPod(ctx, namespace, pod); err != nil {
			return fmt.Errorf("create pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// createPod creates a pod, unless it is there. One that admission refuses is tried
// without its hostPort.
func (s *Session) createPod(ctx context.Context, namespace string, pod *corev1.Pod) error {
	pods := s.t.Kube.Clientset.CoreV1().Pods(namespace)
	_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if verify.DeniedByAdmission(err) && dropHostPorts(pod) {
		if _, again := pods.Create(ctx, pod, metav1.CreateOptions{}); again == nil || apierrors.IsAlreadyExists(again) {
			s.hostPortDenied.Store(true)
			return nil
		}
	}
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Start creates the pods that are not there yet and waits, by watching,
// until all of them are ready.
func (s *Session) Start(ctx context.Context, pods []*corev1.Pod) ([]Probe, error) {
	if err := s.Create(ctx, pods); err != nil {
		return nil, err
	}
	namespace := NamespacePrefix + s.t.RunID
	client := s.t.Kube.Clientset.CoreV1().Pods(namespace)
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
			if reason := verify.PodNotReady(pod); reason != "" {
				waiting = append(waiting, verify.AboutNode(pod.Spec.NodeName, fmt.Errorf("%s on %s: %s", pod.Name, pod.Spec.NodeName, reason)))
				continue
			}
			probes = append(probes, s.Probe(pod))
		}
		if len(waiting) > 0 || len(probes) < len(pods) {
			return verify.Around(verify.JoinSorted(waiting), func(err error) error {
				return fmt.Errorf("%d of %d probe pods are ready; %w", len(probes), len(pods), err)
			})
		}
		return nil
	})
	if err != nil {
		return nil, s.WithLastEvents(ctx, err, namespace, wanted)
	}
	slices.SortFunc(probes, func(a, b Probe) int { return strings.Compare(a.Node, b.Node) })
	return probes, nil
}

// Probe is the probe that a running pod of the session is.
func (s *Session) Probe(pod *corev1.Pod) Probe {
	ips := []string{pod.Status.PodIP}
	for _, address := range pod.Status.PodIPs {
		if address.IP != pod.Status.PodIP {
			ips = append(ips, address.IP)
		}
	}
	p := Probe{
		Pods:     s.t.Pods,
		IPs:      ips,
		PodRef:   kube.PodRef{Namespace: pod.Namespace, Name: pod.Name},
		Node:     pod.Spec.NodeName,
		IP:       pod.Status.PodIP,
		HTTPPort: HTTPPort,
		UDPPort:  UDPPort,
	}
	if p.HostNetwork = pod.Spec.HostNetwork; p.HostNetwork {
		p.HTTPPort, p.UDPPort = s.hostNetworkPorts()
	}
	return p
}

// NodeName is the name of the node that the probe is on, for verify.Each.
func (p Probe) NodeName() string { return p.Node }

// PerAddress are the probe at each of its addresses.
func (p Probe) PerAddress() (faces []Probe) {
	for _, p.IP = range slices.Clone(p.IPs) {
		faces = append(faces, p)
	}
	return faces
}

// OfFamily are those of the addresses that are of an IP family, which another
// address stands for.
func OfFamily(like string, addresses []string) (same []string) {
	for _, address := range addresses {
		if netutils.IsIPv6String(address) == netutils.IsIPv6String(like) {
			same = append(same, address)
		}
	}
	return same
}

// Distinct are the two probes, or the one that both are.
func Distinct(a, b Probe) []Probe {
	return slices.CompactFunc([]Probe{a, b}, func(a, b Probe) bool { return a.PodRef == b.PodRef })
}

// Dial lets the probe ask for a name a number of times, each on a connection
// of its own, and returns the answers and what went wrong. Protocol is http or
// udp. The error says that the probe could not be asked.
func (p Probe) Dial(ctx context.Context, protocol, host string, port, tries int) (answers, failures []string, err error) {
	return p.Send(ctx, protocol, host, port, "hostname", tries)
}

// Send is Dial with another request.
func (p Probe) Send(
	ctx context.Context, protocol, host string, port int, request string, tries int,
) (answers, failures []string, err error) {
	query := url.Values{
		"host":     {host},
		"port":     {strconv.Itoa(port)},
		"protocol": {protocol},
		"request":  {request},
		"tries":    {strconv.Itoa(tries)},
	}
	status, body, err := p.Pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, "/dial?"+query.Encode())
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

// ShellResult is what a command printed to both of its outputs, and how it failed: "" is
// that it did not.
type ShellResult struct{ Output, Error string }

// Shell runs a command line in the probe's container. The probe itself starts it, which
// is much cheaper than a process that the container runtime starts. The error says that
// the probe could not be asked.
func (p Probe) Shell(ctx context.Context, command string) (result ShellResult, err error) {
	status, body, err := p.Pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, "/shell?"+url.Values{"cmd": {command}}.Encode())
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
		return ShellResult{}, verify.Unobservable(fmt.Errorf("run %q in the probe on %s: %w", command, p.Node, err))
	}
	return result, nil
}

// ReadFile returns a file as the probe sees it.
func (p Probe) ReadFile(ctx context.Context, path string) (string, error) {
	read, err := p.Shell(ctx, "cat "+path)
	if err == nil && read.Error != "" {
		err = verify.Unobservable(fmt.Errorf("read %s in the probe on %s: %s: %s", path, p.Node, read.Error, strings.TrimSpace(read.Output)))
	}
	return read.Output, err
}

// Names are the names of the probes, with which they answer.
func Names(probes []Probe) (names []string) {
	for _, probe := range probes {
		names = append(names, probe.Name)
	}
	return names
}

// ProbesAndHosts waits for the probe pods on the pod network and for those on the
// nodes' own network.
func (s *Session) ProbesAndHosts(ctx context.Context) (probes, hosts []Probe, err error) {
	if probes, err = s.Fleet.Ready(ctx); err != nil {
		return nil, nil, err
	}
	hosts, err = s.Hosts.Ready(ctx)
	return probes, hosts, err
}

// smallResources lets a probe run on a full node, and bounds it.
func smallResources() corev1.ResourceRequirements {
	amounts := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
	}
	return corev1.ResourceRequirements{Requests: amounts("5m", "16Mi"), Limits: amounts("500m", "64Mi")}
}

// ReadinessGate is a condition of pods that the check itself sets.
const ReadinessGate corev1.PodConditionType = "kindctl.dev/ready"
