package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// The API of a cluster that was just started tells at first how things were
// before it was stopped. What is ready has to say so anew.

// apiRetry is how often an API server is asked whether it is ready, which cannot
// be watched.
const apiRetry = 500 * time.Millisecond

// waitForAPI waits for every control plane's own API server: the load balancer
// would answer for all of them as soon as one is ready. Then it reads how the
// cluster was meant to be.
func (s *Start) waitForAPI(ctx context.Context, span *event.Span) (string, error) {
	var err error
	if s.nodes, err = s.cluster().Nodes(ctx); err != nil {
		return "", err
	}
	s.nodes = slices.DeleteFunc(s.nodes, func(n *provider.Node) bool { return !n.Running() })
	if s.client, err = connect(ctx, s.cluster()); err != nil {
		return "", err
	}
	bounded, cancel := context.WithTimeout(ctx, s.WaitTimeout)
	defer cancel()
	servers := 0
	for _, node := range s.nodes {
		api, has := node.API()
		if !has {
			continue
		}
		servers++
		if err := untilReady(bounded, direct(s.client.Config, api), func(err error) { span.Progress(node.Name+": "+err.Error(), 0, 0) }); err != nil {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return "", hint.APITimeout.Wrap(withLastErrors(ctx, s.cluster(), err), fmt.Sprintf("the API server of %s is not ready after %v", node.Name, s.WaitTimeout),
				fmt.Sprintf("look at it: docker exec %s journalctl -u kubelet -n 50", node.Name))
		}
	}
	if err := untilReady(bounded, s.client.Config, func(err error) { span.Progress(err.Error(), 0, 0) }); err != nil {
		return "", hint.APITimeout.Wrap(err, fmt.Sprintf("the API of cluster %s does not answer after %v", s.Name, s.WaitTimeout), "look at the load balancer: docker logs "+s.Name+"-external-load-balancer")
	}
	var names []string
	for _, node := range s.nodes {
		names = append(names, node.Name)
	}
	s.stopApproving = approveServing(ctx, s.client, names, s.Sink)
	s.expect, err = verify.Discover(ctx, s.client, s.CNIs...)
	return fmt.Sprintf("%d API servers", servers), err
}

// direct is a client configuration for one API server. Every one of them has the
// name kubernetes in its certificate.
func direct(config *rest.Config, api netip.AddrPort) *rest.Config {
	config = rest.CopyConfig(config)
	if api.Addr().IsUnspecified() { // published on every address of this host
		api = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), api.Port())
	}
	config.Host, config.ServerName = "https://"+api.String(), "kubernetes"
	return config
}

// untilReady asks an API server until it says that it is ready. The error is what
// it said last.
func untilReady(ctx context.Context, config *rest.Config, waiting func(error)) error {
	client, err := kube.New(config)
	if err != nil {
		return err
	}
	for {
		body, err := client.Clientset.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil {
			return nil
		}
		if _, bad := kube.Readyz(string(body)); len(bad) > 0 {
			for i := range bad {
				bad[i], _, _ = strings.Cut(bad[i], " failed")
			}
			err = errors.New("not ready yet: " + strings.Join(bad, ", "))
		}
		if ctx.Err() == nil {
			waiting(err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		case <-time.After(apiRetry):
		}
	}
}

// waitForNodes waits until every kubelet has reported since its node was started
// and, if there is a CNI, is ready. Who is not when the time is over is an affair
// of the verification, which tells why.
func (s *Start) waitForNodes(ctx context.Context, span *event.Span) (string, error) {
	want := s.expect.ControlPlanes + s.expect.Workers
	err := s.readiness().nodes(ctx, span, func(seen []*corev1.Node) error {
		if err := reportedSince(seen, s.since()); err != nil || s.noCNI() != "" {
			return err
		}
		return allReady(seen, want)
	})
	return s.deferTimeout(ctx, fmt.Sprintf("%d nodes", want), err)
}

func (s *Start) rejoin(ctx context.Context, _ *event.Span) (string, error) {
	return "", s.Rejoin(ctx, s.client, s.expect.CNI)
}

// waitForPods waits until what kubeadm and the CNI run in kube-system runs again.
func (s *Start) waitForPods(ctx context.Context, span *event.Span) (string, error) {
	r := s.readiness()
	if s.noCNI() != "" {
		return s.deferTimeout(ctx, proxiesNote, r.proxies(ctx, span, 0))
	}
	pods := s.client.Clientset.CoreV1().Pods("kube-system")
	fakes, err := verify.Fakes(ctx, s.client.Clientset)
	if err != nil {
		return "", fmt.Errorf("list nodes: %w", err)
	}
	err = r.wait(ctx, hint.WorkloadsNotReady, "the system's pods are not ready", "kubectl -n kube-system get pods,events", func(ctx context.Context) error {
		return kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, metav1.ListOptions{}), func(seen []*corev1.Pod) error {
			return report(span, running(r.ours.pods(seen, fakes), s.since()))
		})
	})
	if err == nil {
		err = r.workloads(ctx, span, nil)
	}
	if err == nil {
		r.warnOfOthers(ctx, s.Sink, "workloads")
	}
	return s.deferTimeout(ctx, "", err)
}

// deferTimeout passes a wait that took too long on to the verification.
func (s *Start) deferTimeout(ctx context.Context, message string, err error) (string, error) {
	if err == nil || ctx.Err() != nil || hint.CodeOf(err) != hint.Timeout {
		return message, err
	}
	s.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "start", Message: err.Error(), Hint: hint.AdviceOf(err)})
	return "not all; the verification goes on", nil
}

func (s *Start) readiness() readiness {
	return readiness{client: s.client, timeout: s.WaitTimeout, advice: "look: ", ours: newSystemWorkloads(s.expect.CNI, s.Workloads)}
}

// since tells when each node was started.
func (s *Start) since() map[string]time.Time {
	since := map[string]time.Time{}
	for _, node := range s.nodes {
		since[node.Name] = node.Started.Truncate(time.Second) // as Kubernetes writes times
	}
	return since
}

// reportedSince names the nodes whose kubelet has not reported since they were started.
func reportedSince(nodes []*corev1.Node, since map[string]time.Time) error {
	var waiting []string
	for _, node := range nodes {
		heard := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && !condition.LastHeartbeatTime.Time.Before(since[node.Name])
		})
		if !heard {
			waiting = append(waiting, node.Name)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	slices.Sort(waiting)
	return fmt.Errorf("not heard of since the start: %s", strings.Join(waiting, ", "))
}

// running names the pods that do not run, or have not begun to since their node
// was started. Pods that have ended, or are about to, are left out.
func running(pods []*corev1.Pod, since map[string]time.Time) error {
	var waiting []string
	for _, pod := range pods {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if !ended && pod.DeletionTimestamp == nil && !runsSince(pod, since[pod.Spec.NodeName]) {
			waiting = append(waiting, pod.Name)
		}
	}
	return waitingFor(len(pods) > 0, waiting)
}

func runsSince(pod *corev1.Pod, since time.Time) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil || status.State.Running.StartedAt.Time.Before(since) {
			return false
		}
	}
	return diagnose.Ready(*pod)
}
