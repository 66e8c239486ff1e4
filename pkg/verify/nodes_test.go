package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// smallCluster is three ready nodes with a kube-proxy on each.
func smallCluster(edit func(map[string]*corev1.Node, map[string]*corev1.Pod)) []runtime.Object {
	nodes, pods := map[string]*corev1.Node{}, map[string]*corev1.Pod{}
	for _, name := range []string{"cp1", "w1", "w2"} {
		nodes[name] = readyNode(name)
		pods[name] = systemPod("kube-proxy-"+name, name, map[string]string{"k8s-app": "kube-proxy"})
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

func answersFrom(path, body string, pods ...string) map[string]string {
	answers := map[string]string{}
	for _, pod := range pods {
		answers["kube-proxy-"+pod+path] = body
	}
	return answers
}

func TestKubeletsAlive(t *testing.T) {
	const path = ":10248/healthz"
	all := answersFrom(path, "ok", "cp1", "w1", "w2")
	tests := map[string]struct {
		edit    func(map[string]*corev1.Node, map[string]*corev1.Pod)
		answers map[string]string
		want    string
	}{
		"all alive":      {nil, all, ""},
		"a node is gone": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { delete(n, "w2") }, all, "2 nodes, expected 3"},
		"not ready": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w1"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status."}
		}, all, "w1: not ready: NodeStatusUnknown: Kubelet stopped posting node status."},
		"without a CNI": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w1"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime network not ready: cni plugin not initialized"}
		}, all, "w1: not ready: KubeletNotReady: container runtime network not ready"},
		"never reported":  {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["w1"].Status.Conditions = nil }, all, "w1: not ready: the kubelet has not reported"},
		"kubelet is deaf": {nil, answersFrom(path, "ok", "cp1", "w1"), "w2: kubelet: /healthz: connection refused"},
		"kubelet is sick": {nil, map[string]string{"kube-proxy-cp1" + path: "ok", "kube-proxy-w1" + path: "ok", "kube-proxy-w2" + path: "503 pleg"}, "w2: kubelet: /healthz answers 503: pleg"},
		"no window":       {func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false }, map[string]string{"kube-proxy-cp1" + path: "ok", "kube-proxy-w1" + path: "ok", "w2/healthz": "ok"}, ""},
		"no window, deaf": {func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false }, all, "w2: kubelet: /healthz: 502 Bad Gateway"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kubeletsAlive(t.Context(), fakeTarget(threeNodes, fakePods{answers: test.answers}, smallCluster(test.edit)...))
			wantErr(t, err, test.want)
		})
	}
}

func TestRuntimes(t *testing.T) {
	tests := map[string]struct {
		version, endpoint string
		discovered        bool
		want              string
	}{
		"containerd":         {"containerd://2.3.4", "unix:///run/containerd/containerd.sock", false, ""},
		"another":            {"cri-o://1.36.0", "unix:///run/crio.sock", false, `w1: the runtime is "cri-o://1.36.0"`},
		"another, not ours":  {"cri-o://1.36.0", "unix:///run/crio.sock", true, ""},
		"none":               {"", "unix:///run/crio.sock", true, `w1: the runtime is ""`},
		"no socket is named": {"containerd://2.3.4", "", false, "the kubelet is configured with no containerRuntimeEndpoint"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expect := threeNodes
			expect.Discovered = test.discovered
			configz := map[string]string{}
			for _, name := range []string{"cp1", "w1", "w2"} {
				configz[name+"/configz"] = fmt.Sprintf(`{"kubeletconfig":{"containerRuntimeEndpoint":%q}}`, test.endpoint)
			}
			objects := smallCluster(func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
				n["w1"].Status.NodeInfo.ContainerRuntimeVersion = test.version
			})
			_, err := runtimes(t.Context(), fakeTarget(expect, fakePods{answers: configz}, objects...))
			wantErr(t, err, test.want)
		})
	}
}

// TestRuntimesUnread has a socket that this user may not read as something that
// was not observed, with what the user lacks and how to get it.
func TestRuntimesUnread(t *testing.T) {
	target := fakeTarget(threeNodes, fakePods{}, smallCluster(nil)...)
	target.Pods = forbiddenPods{fakePods{get: func(string, int, string) (int, []byte, error) {
		return http.StatusForbidden, []byte("Forbidden (user=eve, verb=get, resource=nodes, subresource(s)=[configz proxy])"), nil
	}}}
	result := Run(t.Context(), target, []Check{{ID: "node.runtime", Hint: "crictl info", Run: runtimes}}, RunOptions{}).Results[0]
	for _, want := range []string{`w2: nodes "w1" is forbidden: `, "nodes/configz", "verb=get"} {
		if result.Outcome != Error || !strings.Contains(result.Cause, want) {
			t.Errorf("%s, want ERROR and %q:\n%s", result.Outcome, want, result.Cause)
		}
	}
	if result.Attempts != 1 || !strings.Contains(result.Hint, "kindctl verify --print-rbac") {
		t.Errorf("after %d attempts, hint: %s", result.Attempts, result.Hint)
	}
}

func lease(namespace, name, holder string, renewed time.Time) *coordinationv1.Lease {
	at := metav1.NewMicroTime(renewed)
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at},
	}
}

// renew keeps renewing a lease, by a clock that is years away from ours,
// until the test ends.
func renew(t *testing.T, target *Target, l *coordinationv1.Lease) {
	at := l.Spec.RenewTime.Time
	ctx, done := t.Context(), make(chan struct{})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
			at = at.Add(2 * time.Second)
			_, _ = target.Kube.Clientset.CoordinationV1().Leases(l.Namespace).Update(ctx, lease(l.Namespace, l.Name, *l.Spec.HolderIdentity, at), metav1.UpdateOptions{})
		}
	}()
	t.Cleanup(func() { <-done })
}

var otherClock = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

func TestKubeletsRenew(t *testing.T) {
	leases := []*coordinationv1.Lease{
		lease(corev1.NamespaceNodeLease, "cp1", "cp1", otherClock), lease(corev1.NamespaceNodeLease, "w1", "w1", otherClock), lease(corev1.NamespaceNodeLease, "w2", "w2", otherClock),
	}
	before := func(offset time.Duration) Renewals {
		at := metav1.NewMicroTime(otherClock.Add(offset))
		return Renewals{"cp1": at, "w1": at, "w2": at}
	}
	tests := map[string]struct {
		exist, renewed []*coordinationv1.Lease
		before         Renewals
		want           string
	}{
		"all":                   {exist: leases, renewed: leases},
		"one is not":            {exist: leases, renewed: leases[:2], want: "leases that are not renewed: w2 ("},
		"one is gone":           {exist: leases[:2], renewed: leases[:2], want: "leases that are not renewed: w2 (nobody holds it) ("},
		"before the run":        {exist: leases, before: before(-time.Second)},
		"not since before":      {exist: leases, renewed: leases[:2], before: before(0), want: "leases that are not renewed: w2 ("},
		"one made since before": {exist: leases, before: Renewals{"cp1": before(-time.Second)["cp1"], "w1": before(-time.Second)["w1"]}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects := smallCluster(nil)
			for _, l := range test.exist {
				objects = append(objects, l)
			}
			target := fakeTarget(threeNodes, fakePods{}, objects...)
			target.Renewed = test.before
			for _, l := range test.renewed {
				renew(t, target, l)
			}
			patience := 300 * time.Millisecond
			if test.want == "" { // it ends by itself
				patience = 10 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := kubeletsRenew(ctx, target)
			wantErr(t, err, test.want)
		})
	}
}

func TestElected(t *testing.T) {
	const answer = "kube-scheduler-cp1:10259/healthz"
	tests := map[string]struct {
		holder, answer string
		renewed        bool
		want           string
	}{
		"leads":             {"cp1_0a1b", "ok", true, ""},
		"does not renew":    {"cp1_0a1b", "ok", false, "leases that are not renewed: kube-scheduler"},
		"a stranger leads":  {"w1_0a1b", "ok", true, `the lease is held by "w1_0a1b", which is no control plane`},
		"nobody leads":      {"", "ok", true, `the lease is held by ""`},
		"it is not healthy": {"cp1_0a1b", "503 leaderElection failed", true, "/healthz answers 503: leaderElection failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			held := lease(systemNamespace, "kube-scheduler", test.holder, otherClock)
			target := fakeTarget(threeNodes, fakePods{answers: map[string]string{answer: test.answer}}, held, componentPod("kube-scheduler", "cp1"))
			if test.renewed {
				renew(t, target, held)
			}
			limit := 300 * time.Millisecond
			if test.renewed {
				limit = time.Minute // it ends when the renewal is seen
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := elected("kube-scheduler", schedulerPort)(ctx, target)
			wantErr(t, err, test.want)
		})
	}
	_, err := elected("kube-scheduler", schedulerPort)(t.Context(), fakeTarget(threeNodes, fakePods{}))
	wantErr(t, err, "0 kube-scheduler pods, expected 1")
}
