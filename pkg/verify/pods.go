package verify

import (
	"context"
	"fmt"
	"io"
	"net"
	"sort"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kindctl/kindctl/pkg/kube"
)

const systemNamespace = "kube-system"

// Pods reaches into pods, and the nodes under them, through the API server.
type Pods interface {
	Exec(ctx context.Context, pod kube.PodRef, command ...string) (stdout string, err error)
	ExecInput(ctx context.Context, pod kube.PodRef, stdin io.Reader, command ...string) (stdout string, err error)
	Logs(ctx context.Context, pod kube.PodRef) (string, error)
	GetPod(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetAPIServer(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetKubelet(ctx context.Context, node, path string) (body []byte, err error)
	GetKubeletThrough(ctx context.Context, namespace, pod, path string) (status int, body []byte, err error)
	DialPod(ctx context.Context, namespace, pod string, port int) (net.Conn, error)
}

// components returns the static pods of a control plane component, sorted by
// name: one for each control plane, or an error that says how many there are.
func (t *Target) components(ctx context.Context, name string) ([]corev1.Pod, error) {
	pods, err := t.systemPods(ctx, "component="+name)
	if err != nil {
		return nil, err
	}
	return pods, exactly(len(pods), t.Expect.ControlPlanes, name+" pods")
}

// systemPods returns the pods of kube-system that a selector matches, sorted
// by name.
func (t *Target) systemPods(ctx context.Context, selector string) ([]corev1.Pod, error) {
	list, err := t.Kube.Clientset.CoreV1().Pods(systemNamespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list pods %s: %w", selector, err)
	}
	real := t.Real(list.Items)
	sort.Slice(real, func(i, j int) bool { return real[i].Name < real[j].Name })
	return real, nil
}

// exactly tells that there are not as many things as expected. None at all is
// wrong whatever was expected: what was not seen was not proven.
func exactly(seen, want int, things string) error {
	if seen == 0 || seen != want {
		return fmt.Errorf("%d %s, expected %d", seen, things, want)
	}
	return nil
}

// window returns a running pod on a node's host network, through which the
// node's loopback address can be reached, or nil.
func (t *Target) window(ctx context.Context, node string) (*corev1.Pod, error) {
	pods, err := t.Kube.Clientset.CoreV1().Pods(systemNamespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list pods of %s: %w", node, err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Spec.NodeName == node && pod.Spec.HostNetwork && pod.Status.Phase == corev1.PodRunning {
			return pod, nil
		}
	}
	return nil, nil
}

// smallResources lets a probe run on a full node, and bounds it.
func smallResources() corev1.ResourceRequirements {
	amounts := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
	}
	return corev1.ResourceRequirements{Requests: amounts("5m", "16Mi"), Limits: amounts("500m", "64Mi")}
}
