package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// The API of a cluster that has just been started shows the state from before it was stopped.
// Nodes and pods are ready only if they became so since.

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
	if s.client, err = health.Connect(ctx, s.cluster()); err != nil {
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
		if err := untilReady(bounded, direct(s.client.Config, api),
			func(err error) { span.Progress(node.Name+": "+err.Error(), 0, 0) }); err != nil {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return "", hint.APITimeout.Wrap(health.WithLastErrors(ctx, s.cluster(), err),
				fmt.Sprintf("the API server of %s is not ready after %v", node.Name, s.WaitTimeout),
				fmt.Sprintf("look at it: docker exec %s journalctl -u kubelet -n 50", node.Name))
		}
	}
	if err := untilReady(bounded, s.client.Config, func(err error) { span.Progress(err.Error(), 0, 0) }); err != nil {
		return "", hint.APITimeout.Wrap(err, fmt.Sprintf("the API of cluster %s does not answer after %v", s.Name, s.WaitTimeout),
			"look at the load balancer: docker logs "+s.Name+"-external-load-balancer")
	}
	var names []string
	for _, node := range s.nodes {
		names = append(names, node.Name)
	}
	s.stopApproving = kubeadm.ApproveServingCertificates(ctx, s.client, names, s.Sink)
	s.expect, err = record.Discover(ctx, s.client, s.CNIs...)
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
// and, if there is a CNI, is ready. The verification says why nodes are not when the
// time is over.
func (s *Start) waitForNodes(ctx context.Context, span *event.Span) (string, error) {
	nodes := s.expect.ControlPlanes + s.expect.Workers
	ready := nodes
	if s.noCNI() != "" {
		ready = 0
	}
	return s.deferTimeout(ctx, fmt.Sprintf("%d nodes", nodes), s.waiter().NodesSince(ctx, span, s.since(), ready))
}

func (s *Start) rejoin(ctx context.Context, _ *event.Span) (string, error) {
	return "", s.Rejoin(ctx, s.client, s.expect.CNI)
}

// waitForPods waits until what kubeadm and the CNI run in kube-system runs again.
func (s *Start) waitForPods(ctx context.Context, span *event.Span) (string, error) {
	w := s.waiter()
	if s.noCNI() != "" {
		message, err := w.Proxies(ctx, span, 0)
		return s.deferTimeout(ctx, message, err)
	}
	err := w.PodsSince(ctx, span, s.since())
	if err == nil {
		_, err = w.Workloads(ctx, span, nil)
	}
	if err == nil {
		w.WarnOfOthers(ctx, s.Sink, "workloads")
	}
	return s.deferTimeout(ctx, "", err)
}

// deferTimeout passes a wait that took too long on to the verification.
func (s *Start) deferTimeout(ctx context.Context, message string, err error) (string, error) {
	if err == nil || ctx.Err() != nil || hint.CodeOf(err) != hint.Timeout {
		return message, err
	}
	event.Warn(s.Sink, event.Phase, "start", err.Error(), hint.AdviceOf(err))
	return "not all; the verification continues", nil
}

func (s *Start) waiter() health.Waiter {
	return health.Waiter{Client: s.client, Timeout: s.WaitTimeout, Advice: "look: ", Only: health.SystemWorkloads(s.expect.CNI, s.Workloads)}
}

// since returns when each node was started.
func (s *Start) since() map[string]time.Time {
	since := map[string]time.Time{}
	for _, node := range s.nodes {
		since[node.Name] = node.Started.Truncate(time.Second) // as Kubernetes writes times
	}
	return since
}
