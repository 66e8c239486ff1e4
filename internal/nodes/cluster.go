package nodes

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Config names a running cluster, and says how to wait for it and how to verify it.
type Config struct {
	Name string
	// Docker has the cluster.
	Docker *provider.Docker
	// WaitTimeout bounds each wait for something to become ready.
	WaitTimeout time.Duration
	// Retain keeps what was created when something fails; Retainable is true if the user
	// has an option for that.
	Retain, Retainable bool
	// Checks are those to run.
	Checks health.Checks
	// CNIs are those that are recognized in a cluster without a record.
	CNIs []verify.CNI
	// Workloads returns the names of what a CNI runs in kube-system.
	Workloads func(cni string) []string
	// Sink receives the events.
	Sink event.Sink
}

// undoTimeout bounds the removal of nodes that could not be added.
const undoTimeout = 2 * time.Minute

// runningCluster is what the recipes of this package have in common.
type runningCluster struct {
	Config
	client *kube.Client
	nodes  []*provider.Node

	// before and after are how the cluster is expected to be.
	before, after verify.Expectation
	// recordBefore is the record as it was, if the cluster is recorded. configAfter is its
	// configuration as it will be; nil when there is none.
	recordBefore record.Cluster
	configAfter  *clusters.Topology
	// recorded says that there is a record, and rerecorded that it was changed.
	recorded, rerecorded bool

	// unreadyBefore are the workloads of kube-system that were not ready when open looked.
	unreadyBefore map[string]string
	// baseline is the verdict on the cluster as it was, where there is one.
	baseline *baseline
	report   verify.Report
}

func (s *runningCluster) cluster() provider.Cluster { return s.Docker.Cluster(s.Name) }

// Verdict is the report on the cluster with its nodes changed.
func (s *runningCluster) Verdict() verify.Report { return s.report }

// run works through plans while it holds the lock of the cluster. What one has done is not
// undone when a later one fails.
func (s *runningCluster) run(ctx context.Context, plans ...[]plan.Phase) error {
	release, err := runs.Lock(s.Name)
	if err != nil {
		return err
	}
	defer release()
	s.Docker = s.Docker.WithSink(s.Sink)
	for _, phases := range plans {
		if err := plan.Run(ctx, phases, plan.Options{Sink: s.Sink, Retain: s.Retain, Retainable: s.Retainable,
			UndoTimeout: undoTimeout}); err != nil {
			return err
		}
	}
	return nil
}

// open connects to the cluster and reads what it is expected to be. All its containers must
// run, but for those that are absent on purpose.
func (s *runningCluster) open(ctx context.Context, absent ...string) (err error) {
	if _, _, err := s.cluster().Metadata(ctx); err != nil {
		return err
	}
	if err := lifecycle.EnsureRunning(ctx, s.cluster(), absent...); err != nil {
		return err
	}
	if s.nodes, err = s.cluster().KubernetesNodes(ctx); err != nil {
		return err
	}
	if s.client, err = health.Connect(ctx, s.cluster()); err != nil {
		return err
	}
	if s.before, err = record.Discover(ctx, s.client, s.CNIs...); err != nil {
		if expired := lifecycle.CertificatesExpired(ctx, s.cluster()); expired != nil {
			return expired
		}
		if hint.ReasonOf(err) != "" {
			return err
		}
		return hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s does not answer", s.Name), "see what is wrong: kindctl verify -n "+s.Name)
	}
	if s.unreadyBefore, err = health.UnreadyWorkloads(ctx, s.client); err != nil {
		return err
	}
	s.after = s.before
	s.recordBefore, s.recorded, err = record.Read(ctx, s.client)
	s.configAfter = s.recordBefore.Config
	return err
}

// resize changes the expected number of nodes of a role, and refuses invalid topologies.
func (s *runningCluster) resize(role string, by int) error {
	if role == clusters.Worker {
		s.after.Workers += by
	} else {
		s.after.ControlPlanes += by
		if s.stacked() {
			s.after.EtcdMembers += by
		}
	}
	if s.configAfter == nil {
		return nil
	}
	config := s.configAfter.Resized(role, by)
	s.configAfter = &config
	warnings, err := config.ValidateShape()
	for _, warning := range warnings {
		event.Warn(s.Sink, event.Phase, "look", warning, "")
	}
	return err
}

// stacked reports whether each control plane has a member of etcd.
func (s *runningCluster) stacked() bool { return s.before.EtcdMembers > 0 && !s.before.ExternalEtcd }

// recordTopology records the new topology in the cluster and in its containers.
func (s *runningCluster) recordTopology(ctx context.Context, _ *event.Span) (string, error) {
	s.rerecorded = true
	after := s.recordBefore
	after.Config, after.Expect = s.configAfter, s.after
	if err := s.record(ctx, after); err != nil {
		return "", err
	}
	return "", s.cluster().RefreshMetadata(ctx)
}

// restoreRecord restores the record in the cluster. The metadata in its containers is
// refreshed by whatever removes some of them.
func (s *runningCluster) restoreRecord(ctx context.Context) error {
	if !s.rerecorded {
		return nil
	}
	return s.record(ctx, s.recordBefore)
}

// record writes into a cluster that has a record.
func (s *runningCluster) record(ctx context.Context, c record.Cluster) error {
	if !s.recorded {
		return nil
	}
	return record.Write(ctx, s.client, c)
}

// updateLoadBalancer sets the backends of the load balancer to the present control planes.
func (s *runningCluster) updateLoadBalancer(ctx context.Context, without ...string) error {
	there, err := s.cluster().CheckLoadBalancer(ctx)
	if err != nil || !there {
		return err
	}
	nodes, err := s.cluster().KubernetesNodes(ctx)
	if err != nil {
		return err
	}
	var planes []string
	for _, node := range nodes {
		if node.Role == clusters.ControlPlane && !slices.Contains(without, node.Name) {
			planes = append(planes, node.Name)
		}
	}
	return s.cluster().SetBackends(ctx, planes)
}

// removeNode removes a node from the cluster. A control plane is removed from the load
// balancer first, then from etcd.
func (s *runningCluster) removeNode(ctx context.Context, name, role string) error {
	if role == clusters.ControlPlane {
		if err := s.updateLoadBalancer(ctx, name); err != nil {
			return err
		}
		if err := s.stopAPIServer(ctx, name); err != nil {
			return err
		}
		if s.stacked() {
			if err := (etcdMembers{s.client}).remove(ctx, name); err != nil {
				return err
			}
		}
	}
	if err := ignoreNotFound(s.client.Clientset.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})); err != nil {
		return fmt.Errorf("delete node %s: %w", name, err)
	}
	if err := s.cluster().Node(name).Remove(ctx); err != nil {
		return err
	}
	return s.forceDeletePods(ctx, name)
}

// stopAPIServer stops the API server of a control plane, if its container runs.
func (s *runningCluster) stopAPIServer(ctx context.Context, name string) error {
	nodes, err := s.cluster().Nodes(ctx)
	if err != nil || !slices.ContainsFunc(nodes, func(n *provider.Node) bool { return n.Name == name && n.Running() }) {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.WaitTimeout)
	defer cancel()
	return s.cluster().Node(name).StopAPIServer(bounded)
}

// forceDeletePods deletes the pods of a node that is gone. Kubernetes would do so after 40 s.
func (s *runningCluster) forceDeletePods(ctx context.Context, node string) error {
	pods, err := s.client.Clientset.CoreV1().Pods(metav1.NamespaceAll).List(ctx,
		metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String()})
	if err != nil {
		return fmt.Errorf("list the pods of %s: %w", node, err)
	}
	for _, pod := range pods.Items {
		err := s.client.Clientset.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		if ignoreNotFound(err) != nil {
			return fmt.Errorf("delete pod %s/%s of %s: %w", pod.Namespace, pod.Name, node, err)
		}
	}
	return nil
}

// waiter waits for what kubeadm and the CNI run in kube-system, but for what was not ready
// before either.
func (s *runningCluster) waiter() health.Waiter {
	only := slices.DeleteFunc(health.SystemWorkloads(s.after.CNI, s.Workloads), func(name string) bool { return s.unreadyBefore[name] != "" })
	return health.Waiter{Client: s.client, Timeout: s.WaitTimeout, Advice: "run again with --retain and look: ", Only: only}
}

func (s *runningCluster) noCNI() string {
	if s.after.CNI == "none" {
		return "there is no CNI that kindctl knows"
	}
	return ""
}

func (s *runningCluster) noWorkloads() string {
	if s.after.ProxyMode == "none" {
		return s.noCNI()
	}
	return ""
}

func (s *runningCluster) waitForNodes(ctx context.Context, span *event.Span) (string, error) {
	want := s.after.ControlPlanes + s.after.Workers
	return fmt.Sprintf("%d nodes", want), s.waiter().Nodes(ctx, span, want)
}

func (s *runningCluster) waitForWorkloads(ctx context.Context, span *event.Span) (string, error) {
	w := s.waiter()
	if s.noCNI() != "" {
		return w.Proxies(ctx, span, 0)
	}
	message, err := w.Workloads(ctx, span, nil)
	if err == nil {
		w.WarnOfOthers(ctx, s.Sink, "workloads")
	}
	return message, err
}

func (s *runningCluster) verify(ctx context.Context, _ *event.Span) (string, error) {
	var err error
	s.report, err = health.Verify(ctx, s.client, s.cluster(), s.after, s.Checks, s.Sink)
	return health.ChecksPassed(s.report, err)
}

// ignoreNotFound returns nil for a NotFound error.
func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
