package verify

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestNodeResults(t *testing.T) {
	on := func(node, problem string) error { return OnNode(node, errors.New(problem)) }
	judged := func(err error) error {
		_, err = Judged(nil, err)
		return err
	}
	pass := func(node string) NodeResult { return NodeResult{Node: node, Outcome: Pass} }
	tests := map[string]struct {
		scope Scope
		err   error
		want  []NodeResult
	}{
		"all pass":                       {AllNodes, nil, []NodeResult{pass("cp1"), pass("w1"), pass("w2")}},
		"control planes pass":            {ControlPlanes, nil, []NodeResult{pass("cp1")}},
		"the whole cluster passes":       {WholeCluster, nil, nil},
		"the whole cluster fails":        {WholeCluster, on("w1", "sick"), nil},
		"cannot apply":                   {AllNodes, Inapplicable("no"), nil},
		"no node is named":               {AllNodes, judged(errSick), nil},
		"one fails, all were judged":     {AllNodes, judged(errors.Join(nil, on("w1", "sick"))), []NodeResult{pass("cp1"), {"w1", Fail, "sick"}, pass("w2")}},
		"one fails, others are not seen": {AllNodes, errors.Join(on("w1", "sick")), []NodeResult{{"w1", Fail, "sick"}}},
		"two problems of one":            {ControlPlanes, judged(errors.Join(on("w1", "sick"), on("w1", "weak"))), []NodeResult{pass("cp1"), {"w1", Fail, "sick\nweak"}}},
		"something beside a node": {AllNodes, judged(errors.Join(on("w1", "sick"), errSick)),
			[]NodeResult{{"", Fail, "the patient is sick"}, {"w1", Fail, "sick"}}},
		"an end beside a node": {AllNodes, judged(fmt.Errorf("not renewed: %w (%w)", AboutNode("w1", errors.New("w1")), context.DeadlineExceeded)),
			[]NodeResult{pass("cp1"), {"w1", Fail, "w1"}, pass("w2")}},
		"words around several": {AllNodes, Around(errors.Join(AboutNode("w1", errors.New("x waits")), AboutNode("w2", errors.New("y waits"))), func(err error) error { return fmt.Errorf("2 of 3 are ready; %w; pod: BackOff", err) }),
			[]NodeResult{{"w1", Fail, "2 of 3 are ready; x waits; pod: BackOff"}, {"w2", Fail, "2 of 3 are ready; y waits; pod: BackOff"}}},
		"one is not seen, one fails": {AllNodes, errors.Join(on("w1", "sick"), AboutNode("w2", Unobservable(errors.New("deaf")))),
			[]NodeResult{{"w1", Fail, "sick"}, {"w2", Error, "deaf"}}},
		"unseen from outside": {AllNodes, errors.Join(on("w1", "sick"), Unobservable(on("w2", "deaf"))),
			[]NodeResult{{"w1", Fail, "sick"}, {"w2", Error, "deaf"}}},
		"none is seen":               {AllNodes, Unobservable(on("w1", "deaf")), []NodeResult{{"w1", Error, "deaf"}}},
		"a warning":                  {AllNodes, judged(errors.Join(AboutNode("w2", Warning(errSick)))), []NodeResult{pass("cp1"), pass("w1"), {"w2", Warn, "the patient is sick"}}},
		"a warning and a failure":    {ControlPlanes, errors.Join(AboutNode("w2", Warning(errSick)), Final(on("w1", "dead"))), []NodeResult{{"w1", Fail, "dead"}, {"w2", Warn, "the patient is sick"}}},
		"the node of an outer error": {AllNodes, AboutNode("w1", fmt.Errorf("to w2: %w", on("w2", "timeout"))), []NodeResult{{"w1", Fail, "to w2: w2: timeout"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := fakeTarget(threeNodes, fakePods{}, smallCluster(nil)...)
			run := func(ctx context.Context, target *Target) (Evidence, error) {
				if _, err := target.nodes(ctx); err != nil {
					t.Error(err)
				}
				return nil, test.err
			}
			check := Check{ID: "x", Nodes: test.scope, Timeout: time.Millisecond, Run: run}
			result := Run(t.Context(), target, []Check{check}, RunOptions{}).Results[0]
			if diff := cmp.Diff(test.want, result.Nodes); diff != "" {
				t.Errorf("%s (-want +got):\n%s", result.Outcome, diff)
			}
		})
	}
}

// TestChecksNameTheirNodes has checks fail on one node, and wants no other blamed.
func TestChecksNameTheirNodes(t *testing.T) {
	tests := map[string]struct {
		run    func(context.Context, *Target) (Evidence, error)
		change func(nodes map[string]*corev1.Node, pods map[string]*corev1.Pod)
		want   []NodeResult
	}{
		"kubelet.alive": {kubeletsAlive, func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["w2"].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "silence"}
		}, []NodeResult{{"cp1", Pass, ""}, {"w1", Pass, ""}, {"w2", Fail, "not ready: NodeStatusUnknown: silence"}}},
		"an agent is missing": {func(ctx context.Context, t *Target) (Evidence, error) {
			_, err := t.Agents(ctx, proxySelector)
			return nil, err
		}, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w1"].Labels = nil },
			[]NodeResult{{"w1", Fail, "there is no pod k8s-app=kube-proxy"}}},
		"node.taint": {taintKeepsAway, func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Spec.Taints = nil },
			[]NodeResult{{"cp1", Warn, "the taint node-role.kubernetes.io/control-plane:NoSchedule is missing, so that ordinary pods come to the node"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := fakeTarget(threeNodes, fakePods{answers: answersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")}, smallCluster(test.change)...)
			_, err := test.run(t.Context(), target)
			if diff := cmp.Diff(test.want, target.nodeResults(AllNodes, Fail, err)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
