package verify

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// fakeNode is one of KWOK's, with a pod of kube-proxy that is said to run on it.
func fakeNode() []runtime.Object {
	node := readyNode("kwok-node-0")
	node.Annotations = map[string]string{"kwok.x-k8s.io/node": "fake"}
	return []runtime.Object{node, systemPod("kube-proxy-kwok", "kwok-node-0", map[string]string{"k8s-app": "kube-proxy"})}
}

func TestFakeNodesAreLeftOut(t *testing.T) {
	target := fakeTarget(threeNodes, fakePods{answers: answersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")}, append(smallCluster(nil), fakeNode()...)...)
	check := Check{ID: "kubelet.alive", Nodes: AllNodes, Run: kubeletsAlive}
	report := Run(t.Context(), target, []Check{check}, RunOptions{})
	if result := report.Results[0]; result.Outcome != Pass || len(result.Nodes) != 3 {
		t.Errorf("%s: %s; nodes %+v", result.Outcome, result.Cause, result.Nodes)
	}
	if diff := cmp.Diff([]string{"kwok-node-0"}, report.FakeNodes); diff != "" {
		t.Error(diff)
	}
	pods, err := target.systemPods(t.Context(), proxySelector)
	if err != nil || len(pods) != 3 {
		t.Errorf("%d pods of kube-proxy, %v", len(pods), err)
	}
}

// TestWithoutNodes leaves out a node that kubelet and record know.
func TestWithoutNodes(t *testing.T) {
	expect := threeNodes
	expect.Workers = 1
	target := fakeTarget(expect, fakePods{answers: answersFrom(":10248/healthz", "ok", "cp1", "w1")}, smallCluster(nil)...)
	target.Without = []string{"w2"}
	if _, err := kubeletsAlive(t.Context(), target); err != nil {
		t.Error(err)
	}
}

func TestMoreNodesDiffer(t *testing.T) {
	expect := threeNodes
	expect.Workers = 1
	target := fakeTarget(expect, fakePods{answers: answersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")}, smallCluster(nil)...)
	_, err := kubeletsAlive(t.Context(), target)
	wantErr(t, err, "3 nodes, expected 2")
	if !isDifference(err) {
		t.Error("it is a failure")
	}
}

// TestHiddenComponents has a cluster with a node for the control plane and no pods of
// it, as k3s has.
func TestHiddenComponents(t *testing.T) {
	objects := []runtime.Object{readyNode("cp1"), readyNode("w1")}
	expect := Expectation{ControlPlanes: 1, Workers: 1, ProxyMode: "none", Discovered: true}
	checks := map[string]Check{}
	for _, check := range Core() {
		checks[check.ID] = check
	}
	for _, made := range []bool{false, true} {
		expect.Discovered = !made
		target := fakeTarget(expect, fakePods{}, objects...)
		target.lookAround(context.Background())
		for _, id := range []string{"api.ready", "sched.leader", "kcm.leader"} {
			if reason := checks[id].Skip(target); (reason == "") != made {
				t.Errorf("%s, made by kindctl %v: skipped for %q", id, made, reason)
			}
		}
	}
	shown := fakeTarget(Expectation{ControlPlanes: 1, Discovered: true}, fakePods{}, readyNode("cp1"), componentPod("kube-scheduler", "cp1"))
	shown.lookAround(t.Context())
	if reason := checks["sched.leader"].Skip(shown); reason != "" {
		t.Errorf("a scheduler that is shown is skipped: %s", reason)
	}
}

func TestNodesThatAwaitACloud(t *testing.T) {
	waiting := readyNode("w1")
	waiting.Spec.Taints = []corev1.Taint{{Key: cloudTaint, Value: "true", Effect: corev1.TaintEffectNoSchedule}}
	for _, test := range []struct {
		nodes []runtime.Object
		want  bool
	}{{[]runtime.Object{waiting}, true}, {[]runtime.Object{waiting, readyNode("w2")}, false}} {
		target := fakeTarget(threeNodes, fakePods{}, test.nodes...)
		target.lookAround(t.Context())
		if skips := withoutDNS(target) != ""; skips != test.want {
			t.Errorf("%d nodes: skipped %v", len(test.nodes), skips)
		}
	}
}

func TestProxyThatIsGone(t *testing.T) {
	target := fakeTarget(threeNodes, fakePods{}, smallCluster(nil)...)
	target.lookAround(t.Context())
	_, err := proxyMode(t.Context(), target)
	if !isDifference(err) || withoutProxy(target) == "" || madeWithoutProxy(target) != "" {
		t.Errorf("%v; %q, %q", err, withoutProxy(target), madeWithoutProxy(target))
	}
}

// TestLeaderless has the only scheduler elect no leader.
func TestLeaderless(t *testing.T) {
	told := func(node string) *corev1.Pod {
		pod := componentPod("kube-scheduler", node)
		pod.Spec.Containers = []corev1.Container{{Command: []string{"kube-scheduler", "--leader-elect=false"}}}
		return pod
	}
	answers := answersFrom(":10259/healthz", "ok", "cp1", "cp2")
	for pod, answer := range map[string]string{"kube-scheduler-cp1:10259/healthz": "ok", "kube-scheduler-cp2:10259/healthz": "ok"} {
		answers[pod] = answer
	}
	one := fakeTarget(threeNodes, fakePods{answers: answers}, told("cp1"))
	if evidence, err := elected("kube-scheduler", schedulerPort)(t.Context(), one); err != nil || len(evidence) != 2 {
		t.Errorf("%q, %v", evidence, err)
	}
	two := fakeTarget(Expectation{ControlPlanes: 2}, fakePods{answers: answers}, told("cp1"), told("cp2"))
	if _, err := elected("kube-scheduler", schedulerPort)(t.Context(), two); !isDifference(err) {
		t.Errorf("two that elect no leader: %v", err)
	}
}

// TestAskedOfOneKubelet has the configuration ask one kubelet for something.
func TestAskedOfOneKubelet(t *testing.T) {
	for setting, path := range map[string]string{
		"--max-pods": "maxPods", "maxPods": "maxPods", "--authorization-mode": "authorization.mode", "authorization.mode": "authorization.mode",
		"--anonymous-auth": "authentication.anonymous.enabled", "--eviction-hard": "evictionHard.memory.available", "--image-gc-high-threshold": "imageGCHighThresholdPercent",
		"--cpu-cfs-quota": "cpuCFSQuota", "--kube-api-qps": "kubeAPIQPS", "--feature-gates": "featureGates.X",
	} {
		expect := Expectation{Requested: []Requested{{Node: "w2", Component: "kubelet", Setting: setting, Value: "x"}}}
		if _, is := expect.askedOf("w2").of(path); !is {
			t.Errorf("%s does not set %s", setting, path)
		}
		if _, is := expect.askedOf("w1").of(path); is {
			t.Errorf("%s is asked of another node", setting)
		}
	}
	nodes := []nodeSettings{{"w1", settings{"maxPods": 110.0}}, {"w2", settings{"maxPods": 25.0}}, {"w3", settings{"maxPods": 110.0}}}
	_, err := judgeAlike(nodes, func(string, string) bool { return false })
	if !isDifference(err) {
		t.Errorf("a kubelet that was changed by hand: %v", err)
	}
	for _, asked := range [][]string{{"w2"}, {"w2", "w4"}, {"w1", "w2", "w3"}} {
		all := append(nodes, nodeSettings{"w4", settings{"maxPods": 110.0}})
		if slices.Contains(asked, "w4") { // most nodes are asked for it
			all = []nodeSettings{nodes[0], nodes[1], {"w4", settings{"maxPods": 25.0}}}
		}
		if _, err := judgeAlike(all, func(node, path string) bool { return slices.Contains(asked, node) && path == "maxPods" }); err != nil {
			t.Errorf("asked of %v: %v", asked, err)
		}
	}
}

func TestCordonedNodes(t *testing.T) {
	cordoned, reserved := readyNode("w1"), readyNode("w2")
	cordoned.Spec.Unschedulable = true
	reserved.Spec.Taints = []corev1.Taint{{Key: "team", Effect: corev1.TaintEffectNoSchedule}}
	tests := map[string]struct {
		nodes       []runtime.Object
		want        string
		tolerations int
	}{
		"all cordoned":   {[]runtime.Object{readyNode("cp1"), cordoned}, "all nodes for ordinary pods are cordoned: w1", 0},
		"one is free":    {[]runtime.Object{cordoned, reserved, readyNode("w3")}, "", 0},
		"one is for use": {[]runtime.Object{cordoned, reserved}, "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "placed"}}
			err := fakeTarget(threeNodes, fakePods{}, test.nodes...).reserved(t.Context(), pod)
			wantErr(t, err, test.want)
			if len(pod.Spec.Tolerations) != test.tolerations {
				t.Errorf("tolerations %+v", pod.Spec.Tolerations)
			}
		})
	}
}
