package lab

import (
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

// TestFinishLine: the test looks at all that the finish line is made of.
func TestFinishLine(t *testing.T) {
	selected, err := finishLine()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, check := range selected {
		ids = append(ids, check.ID)
		if check.Advisory {
			t.Errorf("%s only warns", check.ID)
		}
	}
	for _, want := range append(slices.Clone(finish), "bench.lease") {
		if !slices.Contains(ids, want) {
			t.Errorf("the test does not look at %s: %v", want, ids)
		}
	}
	if err := verify.Validate(verify.Join(checks.Core(), []verify.Check{leaseCheck()})); err != nil {
		t.Error(err)
	}
}

func TestFresh(t *testing.T) {
	now := time.Now()
	lease := func(name string, age time.Duration) coordinationv1.Lease {
		renewed, lasts := metav1.NewMicroTime(now.Add(-age)), int32(40)
		return coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       coordinationv1.LeaseSpec{RenewTime: &renewed, LeaseDurationSeconds: &lasts},
		}
	}
	tests := []struct {
		name   string
		leases []coordinationv1.Lease
		want   string
	}{
		{"all renewed", []coordinationv1.Lease{lease("a", time.Second), lease("b", 30*time.Second)}, ""},
		{"one expired", []coordinationv1.Lease{lease("a", time.Second), lease("b", time.Minute)}, "b has expired"},
		{"one never renewed", []coordinationv1.Lease{lease("a", time.Second), {ObjectMeta: metav1.ObjectMeta{Name: "b"}}}, "b has expired"},
		{"one missing", []coordinationv1.Lease{lease("a", time.Second)}, "1 of 2 nodes have a lease"},
	}
	for _, tt := range tests {
		err := fresh(tt.leases, 2, now)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAllReady(t *testing.T) {
	node := func(name string, ready corev1.ConditionStatus) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue}, {Type: corev1.NodeReady, Status: ready}}}}
	}
	if err := allReady([]*corev1.Node{node("a", corev1.ConditionTrue)}); err != nil {
		t.Error(err)
	}
	if err := allReady([]*corev1.Node{node("a", corev1.ConditionTrue), node("b", corev1.ConditionUnknown)}); err == nil ||
		!strings.Contains(err.Error(), "not ready: b") {
		t.Errorf("%v, want b", err)
	}
}
