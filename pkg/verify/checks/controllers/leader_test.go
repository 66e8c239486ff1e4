package controllers

import (
	"context"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// TestLeaderless has the only scheduler elect no leader.
func TestLeaderless(t *testing.T) {
	told := func(node string) *corev1.Pod {
		pod := verifytest.ComponentPod("kube-scheduler", node)
		pod.Spec.Containers = []corev1.Container{{Command: []string{"kube-scheduler", "--leader-elect=false"}}}
		return pod
	}
	answers := verifytest.AnswersFrom(":10259/healthz", "ok", "cp1", "cp2")
	maps.Copy(answers, map[string]string{"kube-scheduler-cp1:10259/healthz": "ok", "kube-scheduler-cp2:10259/healthz": "ok"})
	one := targettest.New(targettest.ThreeNodes, verifytest.Pods{Answers: answers}, told("cp1"))
	if evidence, err := elected("kube-scheduler", schedulerPort)(t.Context(), one); err != nil || len(evidence) != 2 {
		t.Errorf("%q, %v", evidence, err)
	}
	two := targettest.New(verify.Expectation{ControlPlanes: 2}, verifytest.Pods{Answers: answers}, told("cp1"), told("cp2"))
	if _, err := elected("kube-scheduler", schedulerPort)(t.Context(), two); !verify.IsDifference(err) {
		t.Errorf("two that elect no leader: %v", err)
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
		"no one leads":      {"", "ok", true, `the lease is held by ""`},
		"it is not healthy": {"cp1_0a1b", "503 leaderElection failed", true, "/healthz answers 503: leaderElection failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			held := verifytest.Lease(verify.SystemNamespace, "kube-scheduler", test.holder, targettest.OtherClock)
			target := targettest.New(
				targettest.ThreeNodes,
				verifytest.Pods{Answers: map[string]string{answer: test.answer}},
				held,
				verifytest.ComponentPod("kube-scheduler", "cp1"),
			)
			if test.renewed {
				verifytest.Renew(t, target.Kube, held)
			}
			limit := 300 * time.Millisecond
			if test.renewed {
				limit = time.Minute // it ends when the renewal is seen
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := elected("kube-scheduler", schedulerPort)(ctx, target)
			verifytest.WantErr(t, err, test.want)
		})
	}
	_, err := elected("kube-scheduler", schedulerPort)(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}))
	verifytest.WantErr(t, err, "0 kube-scheduler pods, expected 1")
}
