package nodes

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubectl/pkg/drain"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Remove removes nodes from a running cluster.
type Remove struct {
	runningCluster
	names []string
	force bool

	leaving []*provider.Node
	// unreachable are the nodes whose container, and so kubelet, does not run.
	unreachable []string
	// wasCordoned says of each node whether it was unschedulable before.
	wasCordoned map[string]bool
	// orphanedVolumes can be deleted by a node that leaves alone.
	orphanedVolumes []string
}

// NewRemove prepares to remove nodes, by name or without the cluster's name in
// front. With force, pods without a controller and volumes on the nodes are deleted too.
func NewRemove(config Config, force bool, names ...string) *Remove {
	return &Remove{runningCluster: runningCluster{Config: config}, names: names, force: force, wasCordoned: map[string]bool{}}
}

// Nodes are the names of those that leave, once Run has found them.
func (d *Remove) Nodes() (names []string) {
	for _, node := range d.leaving {
		names = append(names, node.Name)
	}
	return names
}

// Plan is the recipe of "node rm": what can be taken back, and what cannot.
// Estimates are for one node on two cores.
func (d *Remove) Plan() (before, after []plan.Phase) {
	return []plan.Phase{
			{Name: "look", Title: "Inspect the cluster", Estimate: time.Second, Run: d.look},
			{Name: "drain", Title: "Drain the nodes", Estimate: 10 * time.Second, Run: d.drain, Undo: d.uncordon},
		}, []plan.Phase{
			{Name: "leave", Title: "Remove the nodes from the cluster", Estimate: 3 * time.Second, Run: d.removeNodes},
			{Name: "record", Title: "Record the new topology", Estimate: time.Second, Run: d.recordTopology},
			{Name: "workloads", Title: "Wait until the system pods are ready", Estimate: 5 * time.Second, Skip: d.noWorkloads, Run: d.waitForWorkloads},
			{Name: "verify", Title: "Verify every component", Estimate: 15 * time.Second, Run: d.verify},
		}
}

// Run works through the plan. Until the first node has left, the cluster is as it
// was when it fails; after that, the same call continues where this one ended.
func (d *Remove) Run(ctx context.Context) error {
	before, after := d.Plan()
	return d.run(ctx, before, after)
}

func (d *Remove) look(ctx context.Context, _ *event.Span) (string, error) {
	if err := d.findNodes(ctx); err != nil {
		return "", err
	}
	names := d.Nodes()
	if err := d.open(ctx, names...); err != nil {
		return "", err
	}
	planes := slices.DeleteFunc(slices.Clone(d.leaving), func(n *provider.Node) bool { return n.Role != clusters.ControlPlane })
	if len(planes) >= d.before.ControlPlanes {
		return "", hint.LastControlPlane.New("the last control plane cannot be removed", "to remove the cluster: kindctl down -n "+d.Name)
	}
	if len(planes) > 0 {
		if _, err := d.cluster().CheckLoadBalancer(ctx); err != nil {
			return "", err
		}
	}
	for _, node := range d.leaving {
		if err := d.runningCluster.resize(node.Role, -1); err != nil {
			return "", err
		}
	}
	d.after = expectWithoutNodes(d.after, names)
	if len(planes) > 0 && d.stacked() {
		if err := d.checkQuorum(ctx, names); err != nil {
			return "", err
		}
	}
	if err := d.checkVolumes(ctx, names); err != nil {
		return "", err
	}
	if err := d.checkPods(ctx, names...); err != nil {
		return "", err
	}
	return strings.Join(names, ", "), nil
}

// findNodes looks for the nodes: those that have a container, and those that had one when
// the cluster was marked last.
func (d *Remove) findNodes(ctx context.Context) error {
	found, err := d.Docker.Inventory(ctx, d.Name)
	if err != nil {
		return err
	}
	metadata, _, err := found.Metadata()
	if err != nil {
		return err
	}
	var nodes []*provider.Node
	var known []string
	for _, node := range found.Nodes {
		if !node.Running() {
			d.unreachable = append(d.unreachable, node.Name)
		}
		if node.IsKubernetes() {
			nodes, known = append(nodes, node), append(known, node.Name)
		}
	}
	for _, role := range []string{clusters.ControlPlane, clusters.Worker} {
		for _, name := range metadata.Nodes {
			if strings.HasPrefix(name, provider.NodeName(d.Name, role, 1)) && !slices.Contains(known, name) {
				nodes, known, d.unreachable = append(nodes, &provider.Node{Name: name, Role: role}), append(known, name), append(d.unreachable, name)
			}
		}
	}
	for _, name := range known { // each may be written without the cluster's
		known = append(known, strings.TrimPrefix(name, d.Name+"-"))
	}
	for _, name := range d.names {
		at := slices.IndexFunc(nodes, func(n *provider.Node) bool { return n.Name == name || n.Name == d.Name+"-"+name })
		if at < 0 {
			return hint.NodeUnknown.New(fmt.Sprintf("cluster %s has no node %q%s", d.Name, name, hint.Nearest(name, known)),
				"list them: kindctl get nodes -n "+d.Name)
		}
		if !slices.Contains(d.leaving, nodes[at]) {
			d.leaving = append(d.leaving, nodes[at])
		}
	}
	return nil
}

// checkQuorum refuses what would leave too few members of etcd that answer.
func (d *Remove) checkQuorum(ctx context.Context, names []string) error {
	pods, err := etcdMembers{d.client}.pods(ctx, "")
	if err != nil {
		return err
	}
	answering := 0
	for _, pod := range pods {
		if !slices.Contains(names, pod.Spec.NodeName) && (etcdMembers{d.client}).healthy(ctx, pod) {
			answering++
		}
	}
	if quorum := d.after.EtcdMembers/2 + 1; answering < quorum {
		return hint.QuorumNeeded.New(fmt.Sprintf("%d etcd members would remain, %d of them healthy; a quorum is %d",
			d.after.EtcdMembers, answering, quorum),
			"bring the others back first: kindctl verify -n "+d.Name+" --only etcd")
	}
	return nil
}

// checkVolumes refuses to remove a node that holds the data of a claim. Volumes that are
// about to be deleted hold none, but only their node could do it.
func (d *Remove) checkVolumes(ctx context.Context, names []string) error {
	volumes, err := d.client.Clientset.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	probing, err := d.client.Clientset.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: verify.RunLabel})
	if err != nil {
		return fmt.Errorf("list namespaces of verifications: %w", err)
	}
	var lost []string
	for _, volume := range volumes.Items {
		switch {
		case volume.Spec.ClaimRef == nil || !onlyOnNodes(volume, names):
		case isDisposable(volume, probing.Items):
			d.orphanedVolumes = append(d.orphanedVolumes, volume.Name)
		default:
			lost = append(lost, volume.Spec.ClaimRef.Namespace+"/"+volume.Spec.ClaimRef.Name)
		}
	}
	if d.force || len(lost) == 0 {
		return nil
	}
	return hint.DataLost.New("removing the node would delete the data of these PersistentVolumeClaims: "+strings.Join(lost, ", "),
		"copy what is needed, then run again with --force")
}

// isDisposable reports whether a volume's data is no longer needed: its claim is gone and its
// class deletes it, or the claim is a verification's.
func isDisposable(volume corev1.PersistentVolume, probing []corev1.Namespace) bool {
	if volume.Status.Phase == corev1.VolumeReleased && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
		return true
	}
	return slices.ContainsFunc(probing, func(namespace corev1.Namespace) bool { return namespace.Name == volume.Spec.ClaimRef.Namespace })
}

// onlyOnNodes reports whether a volume can be used on these nodes alone.
func onlyOnNodes(volume corev1.PersistentVolume, names []string) bool {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return false
	}
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		inside := slices.ContainsFunc(append(term.MatchExpressions, term.MatchFields...), func(r corev1.NodeSelectorRequirement) bool {
			return r.Operator == corev1.NodeSelectorOpIn && len(r.Values) > 0 &&
				!slices.ContainsFunc(r.Values, func(value string) bool { return !slices.Contains(names, value) })
		})
		if !inside {
			return false
		}
	}
	return len(volume.Spec.NodeAffinity.Required.NodeSelectorTerms) > 0
}

// checkPods refuses to delete pods that no controller would recreate.
func (d *Remove) checkPods(ctx context.Context, names ...string) error {
	if d.force {
		return nil
	}
	var lost []string
	for _, name := range names {
		pods, err := d.client.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{
			FieldSelector: fields.OneTermEqualSelector("spec.nodeName", name).String(), LabelSelector: notOfRuns})
		if err != nil {
			return fmt.Errorf("list the pods of %s: %w", name, err)
		}
		for _, pod := range pods.Items {
			if isUnmanaged(pod) {
				lost = append(lost, pod.Namespace+"/"+pod.Name)
			}
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return hint.PodUnmanaged.New("these pods would be deleted, and no controller would recreate them: "+strings.Join(lost, ", "),
		"recreate them elsewhere, or have them deleted: --force")
}

// isUnmanaged reports whether a pod that has not ended would be lost with its node.
func isUnmanaged(pod corev1.Pod) bool {
	_, static := pod.Annotations[corev1.MirrorPodAnnotationKey]
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return !static && !ended && metav1.GetControllerOf(&pod) == nil && skipProvisioner(pod).Delete
}

// notOfRuns selects pods that are not a verification's.
const notOfRuns = "!" + verify.RunLabel

// drain moves the pods of the nodes, as "kubectl drain" does, but for what a
// verification has just left to go. A kubelet that does not answer ends no pod, so
// no one waits for it.
func (d *Remove) drain(ctx context.Context, span *event.Span) (string, error) {
	moved := 0
	for _, name := range d.Nodes() {
		node, err := d.client.Clientset.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			if ignoreNotFound(err) == nil {
				continue
			}
			return "", err
		}
		d.wasCordoned[node.Name] = node.Spec.Unschedulable
		// Force is for pods without a controller, which checkPods has looked for.
		helper := &drain.Helper{Ctx: ctx, Client: d.client.Clientset, Force: true, IgnoreAllDaemonSets: true, DeleteEmptyDirData: true,
			PodSelector: notOfRuns, GracePeriodSeconds: -1, Timeout: d.WaitTimeout, Out: io.Discard, ErrOut: io.Discard,
			AdditionalFilters: []drain.PodFilter{skipProvisioner},
			OnPodDeletionOrEvictionFinished: func(pod *corev1.Pod, _ bool, _ error) {
				moved++
				span.Progress(pod.Namespace+"/"+pod.Name, 0, 0)
			}}
		if health.NotReady(node) != "" || slices.Contains(d.unreachable, node.Name) {
			helper.GracePeriodSeconds, helper.SkipWaitForDeleteTimeoutSeconds = 0, 1
		}
		if err := drain.RunCordonOrUncordon(helper, node, true); err != nil {
			return "", err
		}
		if err := d.checkPods(ctx, node.Name); err != nil { // some may have come in the meantime
			return "", err
		}
		if err := drain.RunNodeDrain(helper, node.Name); err != nil {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return "", hint.DrainFailed.Wrap(err, "the pods of "+node.Name+" could not be moved",
				"see whether a PodDisruptionBudget keeps them: kubectl get pdb -A")
		}
	}
	return fmt.Sprintf("%d pods", moved), nil
}

// provisionerNamespace is where kind's manifest has the provisioner of its default
// StorageClass (kind v0.33.0, pkg/build/nodeimage/const_storage.go).
const provisionerNamespace = "local-path-storage"

// skipProvisioner passes over the pods in which the provisioner of the default
// StorageClass makes and deletes directories: they belong to their node, end by
// themselves, and no controller makes them (local-path-provisioner v0.0.30, provisioner.go).
func skipProvisioner(pod corev1.Pod) drain.PodDeleteStatus {
	if pod.Namespace == provisionerNamespace && strings.HasPrefix(pod.Name, "helper-pod-") {
		return drain.MakePodDeleteStatusSkip()
	}
	return drain.MakePodDeleteStatusOkay()
}

// uncordon lets pods come again to the nodes that stay after all.
func (d *Remove) uncordon(ctx context.Context) error {
	for name, before := range d.wasCordoned {
		node, err := d.client.Clientset.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := drain.RunCordonOrUncordon(&drain.Helper{Ctx: ctx, Client: d.client.Clientset}, node, before); err != nil {
			return err
		}
	}
	return nil
}

// removeNodes takes the nodes out, one after the other.
func (d *Remove) removeNodes(ctx context.Context, span *event.Span) (string, error) {
	for _, node := range d.leaving {
		span.Progress(node.Name, 0, 0)
		if err := d.removeNode(ctx, node.Name, node.Role); err != nil {
			return "", hint.LeaveFailed.Wrap(err, node.Name+" could not be taken out as a whole", "run the same again: it continues where this one ended")
		}
	}
	for _, volume := range d.orphanedVolumes {
		if err := d.client.Clientset.CoreV1().PersistentVolumes().Delete(ctx, volume, metav1.DeleteOptions{}); ignoreNotFound(err) != nil {
			return "", fmt.Errorf("delete PersistentVolume %s, whose node is gone: %w", volume, err)
		}
	}
	if d.after.Nodes() == 1 {
		return "", kubeadm.SetControlPlaneTaint(ctx, d.client, false)
	}
	return "", nil
}
