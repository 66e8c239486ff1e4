// Package verifytest has fakes of a cluster for the tests of package verify and of
// those beneath it.
package verifytest

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
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/internal/kube"
)

// Pods answers for pods: HTTP by "POD:PORT/PATH" or, for a kubelet,
// "NODE/PATH"; exec by the pod's name.
type Pods struct {
	Answers map[string]string // the body of a 200, or "503 body"
	Outputs map[string]string
	LogOf   map[string]string
	// These, where set, answer in place of the maps.
	OnExec func(pod kube.PodRef, command []string) (string, error)
	OnGet  func(pod string, port int, path string) (int, []byte, error)
	OnDial func(pod string, port int) (net.Conn, error)
	// shell answers for the shell of a probe: what a command prints, or why it fails.
	OnShell func(pod kube.PodRef, command string) (string, error)
}

// Exec is that of verify.Pods.
func (f Pods) Exec(_ context.Context, pod kube.PodRef, command ...string) (string, error) {
	if f.OnExec != nil {
		return f.OnExec(pod, command)
	}
	if out, found := f.Outputs[pod.Name]; found {
		return out, nil
	}
	return "", &kube.ExecError{Command: []string{"etcdctl"}, ExitCode: 1, Stderr: "connection refused"}
}

// ExecInput is that of verify.Pods.
func (f Pods) ExecInput(ctx context.Context, pod kube.PodRef, _ io.Reader, command ...string) (string, error) {
	return f.Exec(ctx, pod, command...)
}

// GetPod is that of verify.Pods.
func (f Pods) GetPod(_ context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	if query, is := strings.CutPrefix(path, "/shell?"); is && f.OnShell != nil {
		values, err := url.ParseQuery(query)
		if err != nil {
			return 0, nil, err
		}
		var result struct{ Output, Error string }
		if result.Output, err = f.OnShell(kube.PodRef{Namespace: namespace, Name: pod}, values.Get("cmd")); err != nil {
			result.Error = err.Error()
		}
		body, err := json.Marshal(result)
		return 200, body, err
	}
	if f.OnGet != nil {
		return f.OnGet(pod, port, path)
	}
	body, found := f.Answers[fmt.Sprintf("%s:%d%s", pod, port, path)]
	if !found {
		return 0, nil, errors.New("connection refused")
	}
	if sick, is := strings.CutPrefix(body, "503 "); is {
		return 503, []byte(sick), nil
	}
	return 200, []byte(body), nil
}

// GetPodTLS is that of verify.Pods.
func (f Pods) GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, port, path)
}

// GetAPIServer is that of verify.Pods.
func (f Pods) GetAPIServer(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, port, path)
}

// GetKubelet is that of verify.Pods.
func (f Pods) GetKubelet(_ context.Context, node, path string) ([]byte, error) {
	if body, found := f.Answers[node+"/"+path]; found {
		return []byte(body), nil
	}
	return nil, errors.New("502 Bad Gateway")
}

// Logs is that of verify.Pods.
func (f Pods) Logs(_ context.Context, pod kube.PodRef) (string, error) {
	log, found := f.LogOf[pod.Name]
	if !found {
		return "", errors.New("there is no log")
	}
	return log, nil
}

// GetKubeletThrough is that of verify.Pods.
func (f Pods) GetKubeletThrough(ctx context.Context, namespace, pod, path string) (int, []byte, error) {
	return f.GetPod(ctx, namespace, pod, 10250, path)
}

// DialPod is that of verify.Pods.
func (f Pods) DialPod(_ context.Context, _, pod string, port int) (net.Conn, error) {
	if f.OnDial == nil {
		return nil, errors.New("connection refused")
	}
	return f.OnDial(pod, port)
}

// SystemPod is a running pod of kube-system on the host network of a node.
func SystemPod(name, node string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name, Labels: maps.Clone(labels)},
		Spec:       corev1.PodSpec{NodeName: node, HostNetwork: true},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
		}},
	}
}

// ComponentPod is the static pod of a control plane component.
func ComponentPod(component, node string) *corev1.Pod {
	return SystemPod(component+"-"+node, node, map[string]string{"component": component})
}

// ReadyNode is a worker, or a tainted control plane when it is called cp...
func ReadyNode(name string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		NodeInfo:   corev1.NodeSystemInfo{ContainerRuntimeVersion: "containerd://2.3.4"},
	}}
	if strings.HasPrefix(name, "cp") {
		node.Labels = map[string]string{"node-role.kubernetes.io/control-plane": ""}
		node.Spec.Taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
	}
	return node
}

// WantErr compares an error's text; "" wants none.
func WantErr(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if (want == "") != (got == "") || !strings.Contains(got, want) {
		t.Errorf("got error %q, want %q", got, want)
	}
}

// AnswersFrom has the kube-proxies of nodes answer with a body at :PORT/PATH.
func AnswersFrom(path, body string, pods ...string) map[string]string {
	answers := map[string]string{}
	for _, pod := range pods {
		answers["kube-proxy-"+pod+path] = body
	}
	return answers
}

// SmallCluster is three ready nodes with a kube-proxy on each.
func SmallCluster(edit func(map[string]*corev1.Node, map[string]*corev1.Pod)) []runtime.Object {
	nodes, pods := map[string]*corev1.Node{}, map[string]*corev1.Pod{}
	for _, name := range []string{"cp1", "w1", "w2"} {
		nodes[name] = ReadyNode(name)
		pods[name] = SystemPod("kube-proxy-"+name, name, map[string]string{"k8s-app": "kube-proxy"})
	}
	if edit != nil {
		edit(nodes, pods)
	}
	var objects []runtime.Object
	for _, node := range nodes {
		objects = append(objects, node)
	}
	for _, pod := range pods {
		objects = append(objects, pod)
	}
	return objects
}

// DeafPods hang on every request until the caller has had enough.
type DeafPods struct{ Pods }

// GetPod is that of verify.Pods.
func (DeafPods) GetPod(ctx context.Context, _, _ string, _ int, _ string) (int, []byte, error) {
	<-ctx.Done()
	return 0, nil, ctx.Err()
}

// Exec is that of verify.Pods.
func (DeafPods) Exec(ctx context.Context, _ kube.PodRef, _ ...string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// ProxyConfig is the ConfigMap of kube-proxy.
func ProxyConfig(content string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-proxy"},
		Data:       map[string]string{"config.conf": content},
	}
}

// DNSDeployment is that of CoreDNS.
func DNSDeployment(replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns", Labels: map[string]string{"k8s-app": "kube-dns"}},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas},
	}
}

// KubeDNS is the DNS Service.
func KubeDNS() *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-dns"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.10"}}
}

// DNSPod is a pod of CoreDNS.
func DNSPod(name, node string, ready bool) *corev1.Pod {
	pod := SystemPod(name, node, map[string]string{"k8s-app": "kube-dns"})
	if !ready {
		pod.Status.Conditions = nil
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{
			{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}},
		}
	}
	return pod
}

// Lease is one that was renewed at a time.
func Lease(namespace, name, holder string, renewed time.Time) *coordinationv1.Lease {
	at := metav1.NewMicroTime(renewed)
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at},
	}
}

// Renew keeps renewing a lease, by a clock that is years away from ours,
// until the test ends.
func Renew(t *testing.T, client *kube.Client, l *coordinationv1.Lease) {
	at := l.Spec.RenewTime.Time
	ctx, done := t.Context(), make(chan struct{})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
			at = at.Add(2 * time.Second)
			_, _ = client.Clientset.CoordinationV1().
				Leases(l.Namespace).
				Update(ctx, Lease(l.Namespace, l.Name, *l.Spec.HolderIdentity, at), metav1.UpdateOptions{})
		}
	}()
	t.Cleanup(func() { <-done })
}
