package verify

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// survey is what a run finds out before its first check, so that checks which
// cannot apply are skipped with the reason. What could not be read is left to the
// checks, which meet the same and report it.
type survey struct {
	// noNetwork is why nothing is sent between pods, or "".
	noNetwork string
	// fakes are the nodes that no kubelet runs.
	fakes []string
	// uninitialized says that every node waits for its cloud provider.
	uninitialized bool
	// proxyGone says that the cluster was made with kube-proxy and has none now.
	proxyGone bool
	// shown are the control plane components of which there are pods; nil is unknown.
	shown map[string]bool
}

// Survey looks around for what makes checks skip. Run does it before its first check.
func (t *Target) Survey(ctx context.Context) {
	t.survey = survey{}
	if t.Kube == nil { // no cluster is asked
		return
	}
	t.fakes, _ = Fakes(ctx, t.Kube.Clientset)
	nodes, err := t.Nodes(ctx)
	if err == nil {
		t.noNetwork = t.withoutNetwork(nodes)
		t.uninitialized = !slices.ContainsFunc(nodes, func(node corev1.Node) bool { return !AwaitsCloud(node) })
	}
	if t.Expect.ProxyMode != "none" {
		_, err := t.Kube.Clientset.AppsV1().DaemonSets(SystemNamespace).Get(ctx, ProxyName, metav1.GetOptions{})
		t.proxyGone = apierrors.IsNotFound(err)
	}
	if t.Expect.Discovered {
		t.shown, _ = t.shownComponents(ctx)
	}
}

func (t *Target) shownComponents(ctx context.Context) (map[string]bool, error) {
	pods, err := t.SystemPods(ctx, "component")
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{}
	for _, pod := range pods {
		shown[pod.Labels["component"]] = true
	}
	return shown, nil
}

// Hidden is the reason to skip what asks the pods of a control plane component,
// where the control plane runs elsewhere, or in no pods that the API shows.
func Hidden(component string) func(*Target) string {
	return func(t *Target) string {
		if reason := noControlPlane(t); reason != "" {
			return reason
		}
		if t.Expect.Discovered && t.shown != nil && !t.shown[component] {
			return "no pod with the label component=" + component + ": it runs in another way, as on k3s, or its pods are not shown"
		}
		return ""
	}
}

// CloudTaint is what kubelets with --cloud-provider=external register with; a
// cloud controller manager removes it.
const CloudTaint = "node.cloudprovider.kubernetes.io/uninitialized"

// AwaitsCloud reports whether a node waits for a cloud controller manager, so that
// it takes no ordinary pods.
func AwaitsCloud(node corev1.Node) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == CloudTaint })
}

// awaitingCloud is why ordinary pods, CoreDNS among them, are given no node.
const awaitingCloud = "every node waits for a cloud controller manager, with the taint " + CloudTaint + ", which keeps ordinary pods away"

// AwaitsCloud is why ordinary pods are given no node, where all nodes wait for their
// cloud, or "".
func (t *Target) AwaitsCloud() string {
	if t.uninitialized {
		return awaitingCloud
	}
	return ""
}

// WithoutNodes is the reason to skip what needs a node for Deployments of the cluster,
// such as CoreDNS and a provisioner of volumes.
func WithoutNodes(t *Target) string {
	if t.uninitialized {
		return awaitingCloud
	}
	return WithoutCNI(t)
}

// ProxyGone reports whether the cluster was made with kube-proxy and has none now.
func (t *Target) ProxyGone() bool { return t.proxyGone }

// FakeNodes are the nodes that no kubelet runs.
func (t *Target) FakeNodes() []string { return t.fakes }

// Fake reports whether no kubelet runs a node: KWOK or a virtual kubelet keeps
// its object.
func Fake(node corev1.Node) bool {
	return node.Annotations["kwok.x-k8s.io/node"] == "fake" || strings.HasPrefix(node.Spec.ProviderID, "kwok:") ||
		strings.HasPrefix(node.Status.NodeInfo.KubeletVersion, "kwok") || node.Labels["type"] == "virtual-kubelet"
}

// Fakes returns the names of the nodes that no kubelet runs.
func Fakes(ctx context.Context, client kubernetes.Interface) (names []string, err error) {
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, node := range list.Items {
		if Fake(node) {
			names = append(names, node.Name)
		}
	}
	return names, nil
}

// Real leaves out the pods on nodes that no kubelet runs, or that are left out.
func (t *Target) Real(pods []corev1.Pod) []corev1.Pod {
	return slices.DeleteFunc(pods, func(pod corev1.Pod) bool {
		return slices.Contains(t.fakes, pod.Spec.NodeName) || slices.Contains(t.Without, pod.Spec.NodeName)
	})
}

// NoNodeReady is why no ordinary pod is given a node before there is a CNI.
const NoNodeReady = "without a CNI no node is ready, and Kubernetes keeps pods away from all of them"

// WithoutProxy is the reason to skip what asks kube-proxy.
func WithoutProxy(t *Target) string {
	if t.Expect.ProxyMode == "none" {
		return "the cluster has no kube-proxy"
	}
	if t.proxyGone {
		return "the cluster has no kube-proxy any more"
	}
	return ""
}

// noControlPlane is the reason to skip what looks into control plane pods.
func noControlPlane(t *Target) string {
	if t.Expect.Discovered && t.Expect.ControlPlanes == 0 {
		return "the control plane is not part of the cluster's nodes"
	}
	return ""
}
