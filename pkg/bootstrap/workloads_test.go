package bootstrap

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

func daemonSet(name string, ready, desired int32) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}, Status: appsv1.DaemonSetStatus{NumberReady: ready, DesiredNumberScheduled: desired}}
}

func deployment(name string, available int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](1)}, Status: appsv1.DeploymentStatus{AvailableReplicas: available}}
}

// TestOthersAreNotWaitedFor has users run what is never ready in kube-system.
func TestOthersAreNotWaitedFor(t *testing.T) {
	kwok := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "kwok-0", Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}}}
	client := &kube.Client{Clientset: fake.NewClientset(kwok, daemonSet("calico-node", 2, 3), daemonSet("gpu-agent", 0, 0), daemonSet("windows-agent", 0, 2),
		deployment("coredns", 1), deployment("calico-kube-controllers", 1), deployment("meter", 0))}
	r := readiness{client: client, timeout: 5 * time.Second, ours: newSystemWorkloads("calico", func(string) []string { return []string{"calico-node", "calico-kube-controllers"} })}
	if err := r.workloads(t.Context(), event.Start(event.Discard, event.Event{}), nil); err != nil {
		t.Fatal(err)
	}
	var warned []string
	r.warnOfOthers(t.Context(), event.Func(func(e event.Event) { warned = append(warned, e.Message) }), "workloads")
	if diff := cmp.Diff([]string{"not waited for in kube-system: meter: 0 of 1 available; windows-agent: 0 of 2 ready"}, warned); diff != "" {
		t.Error(diff)
	}
	r.timeout, r.ours = 50*time.Millisecond, nil
	if err := r.workloads(t.Context(), event.Start(event.Discard, event.Event{}), nil); err == nil || !strings.Contains(err.Error(), "gpu-agent") {
		t.Errorf("a cluster that was just made: %v", err)
	}
}

func TestInstalledPods(t *testing.T) {
	pod := func(name, kind, owner, component, node string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"component": component}}, Spec: corev1.PodSpec{NodeName: node}}
		if kind != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: new(true)}}
		}
		return p
	}
	ours := newSystemWorkloads("calico", func(string) []string { return []string{"calico-node"} })
	var names []string
	for _, p := range ours.pods([]*corev1.Pod{
		pod("dns", "ReplicaSet", "coredns-abc", "", "w1"), pod("agent", "DaemonSet", "calico-node", "", "w1"), pod("etcd-cp", "Node", "cp", "etcd", "cp"),
		pod("mine", "Node", "cp", "", "cp"), pod("meter", "ReplicaSet", "meter-abc", "", "w1"), pod("bare", "", "", "", "w1"), pod("job", "Job", "coredns", "", "w1"),
		pod("far", "DaemonSet", "calico-node", "", "kwok-0"),
	}, []string{"kwok-0"}) {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"dns", "agent", "etcd-cp"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestExcuse compares the verdicts on a cluster with those before a node was added.
func TestExcuse(t *testing.T) {
	report := func(results ...verify.Result) verify.Report { return verify.Report{Results: results} }
	fail := func(id string) verify.Result {
		return verify.Result{ID: id, Outcome: verify.Fail, Cause: id + " is broken"}
	}
	pass := func(id string) verify.Result { return verify.Result{ID: id, Outcome: verify.Pass} }
	slow := func(broken bool) func(verify.Expectation) ([]verify.Check, error) {
		return func(verify.Expectation) ([]verify.Check, error) {
			return []verify.Check{{ID: "a.slow", Slow: true, Needs: []string{"a.quick"}, Hint: "look", Timeout: 10 * time.Millisecond, Run: tries(broken)}, {ID: "a.quick", Hint: "look", Run: tries(false)}}, nil
		}
	}
	tests := map[string]struct {
		before, after verify.Report
		checks        func(verify.Expectation) ([]verify.Check, error)
		passes        bool
	}{
		"red before":              {report(fail("a.quick")), report(fail("a.quick")), slow(false), true},
		"green before":            {report(pass("a.quick")), report(fail("a.quick")), slow(false), false},
		"red without the node":    {report(pass("a.quick")), report(pass("a.quick"), fail("a.slow")), slow(true), true},
		"green without the node":  {report(pass("a.quick")), report(pass("a.quick"), fail("a.slow")), slow(false), false},
		"one of two by the nodes": {report(fail("a.quick")), report(fail("a.quick"), fail("a.slow")), slow(false), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			close(done)
			s := &runningCluster{NodesConfig: NodesConfig{Checks: test.checks, Sink: event.Discard}, client: &kube.Client{Clientset: fake.NewClientset()},
				baseline: &baseline{done: done, report: test.before}, report: test.after}
			if err := s.toleratePreexisting(t.Context(), []string{"w2"}); err != nil {
				t.Fatal(err)
			}
			s.report.Results = append(s.report.Results, pass("another"))
			if s.report.Passed() != test.passes {
				t.Errorf("passed %v: %+v", s.report.Passed(), s.report.Results)
			}
		})
	}
}

// tries is a check that fails, or does not.
func tries(broken bool) func(context.Context, *verify.Target) (verify.Evidence, error) {
	return func(context.Context, *verify.Target) (verify.Evidence, error) {
		if broken {
			return nil, verify.Final(errors.New("broken"))
		}
		return nil, nil
	}
}
