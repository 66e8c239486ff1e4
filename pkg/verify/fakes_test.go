package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/kube"
)

// fakePods answers for pods: HTTP by "POD:PORT/PATH" or, for a kubelet,
// "NODE/PATH"; exec by the pod's name.
type fakePods struct {
	answers map[string]string // the body of a 200, or "503 body"
	execs   map[string]string
	logs    map[string]string
	// These, where set, answer in place of the maps.
	exec func(pod kube.PodRef, command []string) (string, error)
	get  func(pod string, port int, path string) (int, []byte, error)
	dial func(pod string, port int) (net.Conn, error)
	// shell answers for the shell of a probe: what a command prints, or why it fails.
	shell func(pod kube.PodRef, command string) (string, error)
}

func (f fakePods) Exec(_ context.Context, pod kube.PodRef, command ...string) (string, error) {
	if f.exec != nil {
		return f.exec(pod, command)
	}
	if out, found := f.execs[pod.Name]; found {
		return out, nil
	}
	return "", &kube.ExecError{Command: []string{"etcdctl"}, ExitCode: 1, Stderr: "connection refused"}
}

func (f fakePods) ExecInput(ctx context.Context, pod kube.PodRef, _ io.Reader, command ...string) (string, error) {
	return f.Exec(ctx, pod, command...)
}

func (f fakePods) GetPod(_ context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	if query, is := strings.CutPrefix(path, "/shell?"); is && f.shell != nil {
		values, err := url.ParseQuery(query)
		if err != nil {
			return 0, nil, err
		}
		var result printed
		if result.Output, err = f.shell(kube.PodRef{Namespace: namespace, Name: pod}, values.Get("cmd")); err != nil {
			result.Error = err.Error()
		}
		body, err := json.Marshal(result)
		return 200, body, err
	}
	if f.get != nil {
		return f.get(pod, port, path)
	}
	body, found := f.answers[fmt.Sprintf("%s:%d%s", pod, port, path)]
	if !found {
		return 0, nil, errors.New("connection refused")
	}
	if sick, is := strings.CutPrefix(body, "503 "); is {
		return 503, []byte(sick), nil
	}
	return 200, []byte(body), nil
}

func (f fakePods) GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, port, path)
}

func (f fakePods) GetAPIServer(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, port, path)
}

func (f fakePods) GetKubelet(_ context.Context, node, path string) ([]byte, error) {
	if body, found := f.answers[node+"/"+path]; found {
		return []byte(body), nil
	}
	return nil, errors.New("502 Bad Gateway")
}

func (f fakePods) Logs(_ context.Context, pod kube.PodRef) (string, error) {
	log, found := f.logs[pod.Name]
	if !found {
		return "", errors.New("there is no log")
	}
	return log, nil
}

func (f fakePods) GetKubeletThrough(ctx context.Context, namespace, pod, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, kubeletPort, path)
}

func (f fakePods) DialPod(_ context.Context, _, pod string, port int) (net.Conn, error) {
	if f.dial == nil {
		return nil, errors.New("connection refused")
	}
	return f.dial(pod, port)
}

// threeNodes is what kindctl makes by default.
var threeNodes = Expectation{ControlPlanes: 1, Workers: 2, EtcdMembers: 1, ProxyMode: "iptables"}

func fakeTarget(expect Expectation, pods fakePods, objects ...runtime.Object) *Target {
	client := &kube.Client{Clientset: fake.NewClientset(objects...)}
	t := NewTarget(client, expect)
	t.Pods = pods
	return t
}

func systemPod(name, node string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: name, Labels: maps.Clone(labels)},
		Spec:       corev1.PodSpec{NodeName: node, HostNetwork: true},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
		}},
	}
}

func componentPod(component, node string) *corev1.Pod {
	return systemPod(component+"-"+node, node, map[string]string{"component": component})
}

// readyNode is a worker, or a tainted control plane when it is called cp...
func readyNode(name string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		NodeInfo:   corev1.NodeSystemInfo{ContainerRuntimeVersion: "containerd://2.3.4"},
	}}
	if strings.HasPrefix(name, "cp") {
		node.Labels = map[string]string{controlPlaneLabel: ""}
		node.Spec.Taints = []corev1.Taint{{Key: controlPlaneLabel, Effect: corev1.TaintEffectNoSchedule}}
	}
	return node
}

// wantErr compares an error's text; "" wants none.
func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if (want == "") != (got == "") || !strings.Contains(got, want) {
		t.Errorf("got error %q, want %q", got, want)
	}
}
