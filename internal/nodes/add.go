package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Add adds nodes to a cluster that runs.
type Add struct {
	runningCluster
	role  string
	count int

	like *provider.Node
	// Nodes are the names of those that are added.
	Nodes   []string
	joiners []*provider.Node
}

// NewAdd prepares to add a number of nodes of a role.
func NewAdd(config Config, role string, count int) *Add {
	return &Add{runningCluster: runningCluster{Config: config}, role: role, count: count}
}

// Plan is the recipe of "node add". Estimates are for one node on two cores.
func (a *Add) Plan() []plan.Phase {
	return []plan.Phase{
		{Name: "look", Title: "Inspect the cluster", Estimate: time.Second, Run: a.look},
		{Name: "make", Title: "Start the containers", Estimate: 4 * time.Second, Run: a.createContainers, Undo: a.removeContainers},
		{Name: "match", Title: "Copy containerd's configuration and trusted authorities", Estimate: time.Second, Run: a.copyConfiguration},
		{Name: "load", Title: "Copy images to the new nodes", Estimate: time.Second, Run: a.copyImages},
		{Name: "join", Title: "Join the nodes", Estimate: 6 * time.Second, Run: a.join, Undo: a.removeAdded},
		{Name: "record", Title: "Record the new topology", Estimate: time.Second, Run: a.recordTopology, Undo: a.restoreRecord},
		{Name: "nodes", Title: "Wait until the nodes are ready", Estimate: 10 * time.Second, Skip: a.noCNI, Run: a.waitForNodes},
		{Name: "workloads", Title: "Wait until the system pods are ready", Estimate: 5 * time.Second, Skip: a.noWorkloads, Run: a.waitForWorkloads},
		{Name: "verify", Title: "Verify every component", Estimate: 15 * time.Second, Run: a.verifyAdded},
	}
}

// Run works through the plan. When it fails, the cluster is as it was.
func (a *Add) Run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end() // the verification of the cluster before, and the approval of certificates
	return a.run(ctx, a.Plan())
}

func (a *Add) look(ctx context.Context, _ *event.Span) (string, error) {
	if err := a.open(ctx); err != nil {
		return "", err
	}
	if err := a.checkLoadBalancer(ctx); err != nil {
		return "", err
	}
	a.like = nodeLike(a.nodes, a.role)
	if err := a.checkHostMounts(ctx); err != nil {
		return "", err
	}
	if err := a.runningCluster.resize(a.role, a.count); err != nil {
		return "", err
	}
	if err := a.checkNodesReady(ctx); err != nil {
		return "", err
	}
	a.Nodes = freeNames(a.Name, a.role, a.nodes, a.count)
	a.after = expectOnNewNodes(a.after, a.like.Name, a.Nodes)
	a.verifyBefore(ctx)
	return fmt.Sprintf("%v will be like %s", a.Nodes, a.like.Name), nil
}

// checkLoadBalancer refuses further control planes without a load balancer that can take them:
// nodes know one address.
func (a *Add) checkLoadBalancer(ctx context.Context) error {
	if a.role != clusters.ControlPlane {
		return nil
	}
	there, err := a.cluster().CheckLoadBalancer(ctx)
	if err != nil || there {
		return err
	}
	return hint.NoLoadBalancer.New(fmt.Sprintf("cluster %s has no load balancer, so that its nodes know one control plane only", a.Name),
		"make one that has: kindctl up --control-planes 3")
}

// checkNodesReady refuses a cluster with a node that is not ready: its verification could
// not pass with one more.
func (a *Add) checkNodesReady(ctx context.Context) error {
	if a.noCNI() != "" {
		return nil
	}
	failing, err := health.UnreadyNodes(ctx, a.client)
	if err != nil || len(failing) == 0 {
		return err
	}
	return hint.NodeNotReady.New(fmt.Sprintf("cluster %s has nodes that are not ready: %s", a.Name, strings.Join(failing, ", ")),
		"see what is wrong: kindctl verify -n "+a.Name+"; or take them out: kindctl node rm NAME -n "+a.Name)
}

// nodeLike returns the node that new ones are cloned from: of their role, if there is one.
func nodeLike(nodes []*provider.Node, role string) *provider.Node {
	if at := slices.IndexFunc(nodes, func(n *provider.Node) bool { return n.Role == role }); at >= 0 {
		return nodes[at]
	}
	return nodes[0]
}

// freeNames returns names in kind's scheme that no node has, the lowest numbers first.
func freeNames(cluster, role string, nodes []*provider.Node, count int) (names []string) {
	for number := 1; len(names) < count; number++ {
		name := provider.NodeName(cluster, role, number)
		if !slices.ContainsFunc(nodes, func(n *provider.Node) bool { return n.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// createContainers starts the containers in parallel.
func (a *Add) createContainers(ctx context.Context, _ *event.Span) (string, error) {
	var group errgroup.Group
	for _, name := range a.Nodes {
		group.Go(func() error { return a.like.Clone(ctx, name, a.role) })
	}
	if err := group.Wait(); err != nil {
		return "", hint.CreateFailed.Wrap(err, "the nodes could not be made",
			"look at what Docker says, and at the room that it has: docker system df")
	}
	nodes, err := a.cluster().KubernetesNodes(ctx)
	if err != nil {
		return "", err
	}
	bounded, cancel := context.WithTimeout(ctx, a.WaitTimeout)
	defer cancel()
	for _, node := range nodes {
		if slices.Contains(a.Nodes, node.Name) {
			a.joiners = append(a.joiners, node)
			group.Go(func() error { return node.WaitForBoot(bounded) })
		}
	}
	return "", group.Wait()
}

func (a *Add) removeContainers(ctx context.Context) error {
	for _, name := range a.Nodes {
		if err := a.cluster().Node(name).Remove(ctx); err != nil {
			return err
		}
	}
	return a.cluster().RefreshMetadata(ctx)
}

func (a *Add) join(ctx context.Context, span *event.Span) (string, error) {
	if err := a.awaitBaseline(ctx); err != nil {
		return "", err
	}
	token, revoke, err := kubeadm.CreateToken(ctx, a.client)
	if err != nil {
		return "", err
	}
	defer revoke()
	kubeadm.ApproveServingCertificates(ctx, a.client, a.Nodes, a.Sink)
	if err := a.joinAll(ctx, span, token); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", hint.JoinFailed.Wrap(err, "the nodes could not join",
			"run again with --retain and look: docker exec "+a.Nodes[0]+" journalctl -u kubelet -n 50")
	}
	if a.role == clusters.ControlPlane {
		return "", a.updateLoadBalancer(ctx)
	}
	return "", a.applyLabelsAndTaints(ctx)
}

// joinAll runs kubeadm join on the new nodes.
func (a *Add) joinAll(ctx context.Context, span *event.Span, token string) error {
	var group errgroup.Group
	for _, joiner := range a.joiners {
		group.Go(func() error { return joiner.Configure(ctx, a.like, token) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	j := kubeadm.Joiner{Cluster: a.cluster(), ControlPlane: a.like.Name, ExternalEtcd: a.before.ExternalEtcd, Progress: span.Progress}
	if a.role == clusters.ControlPlane {
		return j.ControlPlanes(ctx, a.Nodes)
	}
	return j.Workers(ctx, a.Nodes)
}

// nodesBefore are the nodes of the configuration that the cluster was made of, if it is known.
func (a *Add) nodesBefore() []clusters.Node {
	if a.recordBefore.Config == nil {
		return nil
	}
	return a.recordBefore.Config.Each()
}

// applyLabelsAndTaints gives workers the labels of the node that they are cloned from, and
// control planes the taint that kind removes from a single node.
func (a *Add) applyLabelsAndTaints(ctx context.Context) error {
	var objects []*unstructured.Unstructured
	for _, node := range a.nodesBefore() {
		if node.Name != a.like.Name || len(node.Labels) == 0 || a.like.Role != a.role {
			continue
		}
		for _, name := range a.Nodes {
			node.Name = name
			objects = append(objects, kubeadm.NodeLabels(node))
		}
	}
	if err := a.client.Apply(ctx, objects); err != nil {
		return err
	}
	if a.before.Nodes() > 1 {
		return nil
	}
	return kubeadm.SetControlPlaneTaint(ctx, a.client, true)
}

// verifyAdded verifies the cluster with the new nodes. They stay if what fails failed before.
func (a *Add) verifyAdded(ctx context.Context, span *event.Span) (string, error) {
	message, err := a.verify(ctx, span)
	if err == nil || ctx.Err() != nil || len(a.report.Results) == 0 {
		return message, err
	}
	if failure := a.toleratePreexisting(ctx, a.Nodes); failure != nil {
		return "", failure
	}
	if a.report.Err() == nil {
		return health.ChecksPassed(a.report, nil)
	}
	return message, err
}

func (a *Add) removeAdded(ctx context.Context) error {
	for _, name := range a.Nodes {
		if err := a.removeNode(ctx, name, a.role); err != nil {
			return err
		}
	}
	if a.before.Nodes() == 1 {
		return kubeadm.SetControlPlaneTaint(ctx, a.client, false)
	}
	return nil
}
