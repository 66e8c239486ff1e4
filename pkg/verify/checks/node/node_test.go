package node

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestKubeletsAlive(t *testing.T) {
	const path = ":10248/healthz"
	all := verifytest.AnswersFrom(path, "ok", "cp1", "w1", "w2")
	tests := map[string]struct {
		edit    func(map[string]*corev1.Node, map[string]*corev1.Pod)
		answers map[string]string
		want    string
	}{
		"all alive":      {nil, all, ""},
		"a node is gone": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { delete(n, "w2") }, all, "2 nodes (cp1, w1), expected 3"},
		"not ready": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w1"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status."}
		}, all, "w1: not ready: NodeStatusUnknown: Kubelet stopped posting node status."},
		"without a CNI": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w1"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime network not ready: cni plugin not initialized"}
		}, all, "w1: not ready: KubeletNotReady: container runtime network not ready"},
		"never reported": {
			func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["w1"].Status.Conditions = nil },
			all,
			"w1: not ready: the kubelet has not reported",
		},
		"kubelet is deaf": {nil, verifytest.AnswersFrom(path, "ok", "cp1", "w1"), "w2: kubelet: /healthz: connection refused"},
		"kubelet is sick": {
			nil,
			map[string]string{"kube-proxy-cp1" + path: "ok", "kube-proxy-w1" + path: "ok", "kube-proxy-w2" + path: "503 pleg"},
			"w2: kubelet: /healthz answers 503: pleg",
		},
		"no host pod": {
			func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false },
			map[string]string{"kube-proxy-cp1" + path: "ok", "kube-proxy-w1" + path: "ok", "w2/healthz": "ok"},
			"",
		},
		"no host pod, deaf": {
			func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false },
			all,
			"w2: kubelet: /healthz: 502 Bad Gateway",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kubeletsAlive(
				t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{Answers: test.answers}, verifytest.SmallCluster(test.edit)...),
			)
			verifytest.WantErr(t, err, test.want)
		})
	}
}

func TestKubeletsAliveSeesContainers(t *testing.T) {
	const path = ":10248/healthz"
	states := func(w1, w2 string) map[string]string {
		return map[string]string{"cp1": "running", "w1": w1, "w2": w2}
	}
	answers := verifytest.AnswersFrom(path, "ok", "cp1", "w1", "w2")
	tests := map[string]struct {
		states  map[string]string
		answers map[string]string
		want    string
	}{
		"all run": {states("running", "running"), answers, ""},
		"stopped and paused": {states("exited", "paused"), answers,
			"w1: its container is exited; to start it: kindctl start -n lab\nw2: its container is paused; to continue it: docker unpause w2"},
		"being added":               {map[string]string{"cp1": "running", "w1": "running", "w2": "running", "w3": "running"}, answers, ""},
		"removed":                   {map[string]string{"cp1": "running", "w1": "running"}, verifytest.AnswersFrom(path, "ok", "cp1", "w1"), "w2: its container was removed"},
		"elsewhere, and answers":    {map[string]string{"cp1": "running", "w1": "running"}, answers, ""},
		"Docker could not be asked": {nil, answers, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{Answers: test.answers}, verifytest.SmallCluster(nil)...)
			target.Flags = []string{"-n", "lab"}
			target.Containers = func(context.Context) (map[string]string, error) { return test.states, nil }
			_, err := kubeletsAlive(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
		})
	}
	never := targettest.New(targettest.ThreeNodes, verifytest.Pods{Answers: answers},
		verifytest.SmallCluster(func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { delete(n, "w2") })...)
	never.Containers = func(context.Context) (map[string]string, error) { return states("running", "running"), nil }
	_, err := kubeletsAlive(t.Context(), never)
	verifytest.WantErr(t, err, "w2: its container runs, but the cluster has no such node")
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
			expect := targettest.ThreeNodes
			expect.Discovered = test.discovered
			configz := map[string]string{}
			for _, name := range []string{"cp1", "w1", "w2"} {
				configz[name+"/configz"] = fmt.Sprintf(`{"kubeletconfig":{"containerRuntimeEndpoint":%q}}`, test.endpoint)
			}
			objects := verifytest.SmallCluster(func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
				n["w1"].Status.NodeInfo.ContainerRuntimeVersion = test.version
			})
			_, err := runtimes(t.Context(), targettest.New(expect, verifytest.Pods{Answers: configz}, objects...))
			verifytest.WantErr(t, err, test.want)
		})
	}
}

// TestRuntimesUnread has a socket that this user may not read as something that
// was not observed, with what the user lacks and how to get it.
func TestRuntimesUnread(t *testing.T) {
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{}, verifytest.SmallCluster(nil)...)
	target.Pods = forbiddenPods{verifytest.Pods{OnGet: func(string, int, string) (int, []byte, error) {
		return http.StatusForbidden, []byte("Forbidden (user=eve, verb=get, resource=nodes, subresource(s)=[configz proxy])"), nil
	}}}
	result := verify.Run(t.Context(), target, []verify.Check{{ID: "node.runtime", Hint: "crictl info", Run: runtimes}}, verify.RunOptions{}).Results[0]
	for _, want := range []string{`w2: nodes "w1" is forbidden: `, "nodes/configz", "verb=get"} {
		if result.Outcome != verify.Error || !strings.Contains(result.Cause, want) {
			t.Errorf("%s, want ERROR and %q:\n%s", result.Outcome, want, result.Cause)
		}
	}
	if result.Attempts != 1 || !strings.Contains(result.Hint, "kindctl verify --print-rbac") {
		t.Errorf("after %d attempts, hint: %s", result.Attempts, result.Hint)
	}
}

func TestKubeletsRenew(t *testing.T) {
	leases := []*coordinationv1.Lease{
		verifytest.Lease(
			corev1.NamespaceNodeLease, "cp1", "cp1", targettest.OtherClock,
		), verifytest.Lease(corev1.NamespaceNodeLease, "w1", "w1", targettest.OtherClock), verifytest.Lease(corev1.NamespaceNodeLease, "w2", "w2", targettest.OtherClock),
	}
	before := func(offset time.Duration) verify.LeaseRenewTimes {
		at := metav1.NewMicroTime(targettest.OtherClock.Add(offset))
		return verify.LeaseRenewTimes{"cp1": at, "w1": at, "w2": at}
	}
	tests := map[string]struct {
		exist, renewed []*coordinationv1.Lease
		before         verify.LeaseRenewTimes
		want           string
	}{
		"all":                   {exist: leases, renewed: leases},
		"one is not":            {exist: leases, renewed: leases[:2], want: "leases that are not renewed: w2 ("},
		"one is gone":           {exist: leases[:2], renewed: leases[:2], want: "leases that are not renewed: w2 (no one holds it) ("},
		"before the run":        {exist: leases, before: before(-time.Second)},
		"not since before":      {exist: leases, renewed: leases[:2], before: before(0), want: "leases that are not renewed: w2 ("},
		"one made since before": {exist: leases, before: verify.LeaseRenewTimes{"cp1": before(-time.Second)["cp1"], "w1": before(-time.Second)["w1"]}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := verifytest.SmallCluster(nil)
			for _, l := range test.exist {
				objects = append(objects, l)
			}
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{}, objects...)
			target.Renewed = test.before
			for _, l := range test.renewed {
				verifytest.Renew(t, target.Kube, l)
			}
			patience := 2 * time.Second // more than it takes to see what is renewed
			if test.want == "" {        // it ends by itself
				patience = 10 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := kubeletsRenew(ctx, target)
			verifytest.WantErr(t, err, test.want)
		})
	}
}

// fakeNode is one of KWOK's, with a pod of kube-proxy that is said to run on it.
func fakeNode() []runtime.Object {
	node := verifytest.ReadyNode("kwok-node-0")
	node.Annotations = map[string]string{"kwok.x-k8s.io/node": "fake"}
	return []runtime.Object{node, verifytest.SystemPod("kube-proxy-kwok", "kwok-node-0", map[string]string{"k8s-app": "kube-proxy"})}
}

func TestFakeNodesAreLeftOut(t *testing.T) {
	target := targettest.New(
		targettest.ThreeNodes,
		verifytest.Pods{Answers: verifytest.AnswersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")},
		append(verifytest.SmallCluster(nil), fakeNode()...)...)
	check := verify.Check{ID: "kubelet.alive", Nodes: verify.AllNodes, Run: kubeletsAlive}
	report := verify.Run(t.Context(), target, []verify.Check{check}, verify.RunOptions{})
	if result := report.Results[0]; result.Outcome != verify.Pass || len(result.Nodes) != 3 {
		t.Errorf("%s: %s; nodes %+v", result.Outcome, result.Cause, result.Nodes)
	}
	if diff := cmp.Diff([]string{"kwok-node-0"}, report.FakeNodes); diff != "" {
		t.Error(diff)
	}
	pods, err := target.SystemPods(t.Context(), verify.ProxySelector)
	if err != nil || len(pods) != 3 {
		t.Errorf("%d pods of kube-proxy, %v", len(pods), err)
	}
}

// TestWithoutNodes leaves out a node that kubelet and record know.
func TestWithoutNodes(t *testing.T) {
	expect := targettest.ThreeNodes
	expect.Workers = 1
	target := targettest.New(expect, verifytest.Pods{Answers: verifytest.AnswersFrom(":10248/healthz", "ok", "cp1", "w1")}, verifytest.SmallCluster(nil)...)
	target.Without = []string{"w2"}
	if _, err := kubeletsAlive(t.Context(), target); err != nil {
		t.Error(err)
	}
}

func TestMoreNodesDiffer(t *testing.T) {
	expect := targettest.ThreeNodes
	expect.Workers = 1
	target := targettest.New(expect, verifytest.Pods{Answers: verifytest.AnswersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")}, verifytest.SmallCluster(nil)...)
	_, err := kubeletsAlive(t.Context(), target)
	verifytest.WantErr(t, err, "3 nodes, expected 2")
	if !verify.IsDifference(err) {
		t.Error("it is a failure")
	}
}

// TestChecksNameTheirNodes has checks fail on one node, and wants no other blamed.
func TestChecksNameTheirNodes(t *testing.T) {
	tests := map[string]struct {
		run    func(context.Context, *verify.Target) (verify.Evidence, error)
		change func(nodes map[string]*corev1.Node, pods map[string]*corev1.Pod)
		want   []verify.NodeResult
	}{
		"kubelet.alive": {kubeletsAlive, func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w2"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "silence"}
		}, []verify.NodeResult{{Node: "cp1", Outcome: verify.Pass, Cause: ""}, {Node: "w1", Outcome: verify.Pass, Cause: ""}, {Node: "w2", Outcome: verify.Fail, Cause: "not ready: NodeStatusUnknown: silence"}}},
		"an agent is missing": {func(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
			_, err := t.Agents(ctx, verify.ProxySelector)
			return nil, err
		}, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w1"].Labels = nil },
			[]verify.NodeResult{{Node: "w1", Outcome: verify.Fail, Cause: "there is no pod k8s-app=kube-proxy"}}},
		"node.taint": {taintKeepsAway, func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Spec.Taints = nil },
			[]verify.NodeResult{{Node: "cp1", Outcome: verify.Warn, Cause: "the taint node-role.kubernetes.io/control-plane:NoSchedule is missing, so that ordinary pods come to the node"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.New(
				targettest.ThreeNodes,
				verifytest.Pods{Answers: verifytest.AnswersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")},
				verifytest.SmallCluster(test.change)...)
			check := verify.Check{ID: "x", Nodes: verify.AllNodes, Timeout: time.Millisecond, Run: test.run}
			result := verify.Run(t.Context(), target, []verify.Check{check}, verify.RunOptions{}).Results[0]
			if diff := cmp.Diff(test.want, result.Nodes); diff != "" {
				t.Errorf("%s (-want +got):\n%s", result.Cause, diff)
			}
		})
	}
}
