package proxy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestProxyHealth(t *testing.T) {
	const path = ":10256/healthz"
	all := verifytest.AnswersFrom(path, "ok", "cp1", "w1", "w2")
	leaving := verifytest.AnswersFrom(path, "ok", "cp1", "w1")
	leaving["kube-proxy-w2"+path] = `503 {"nodeEligible": false}`
	tests := map[string]struct {
		answers map[string]string
		edit    func(map[string]*corev1.Node, map[string]*corev1.Pod)
		want    string
	}{
		"all are healthy":     {all, nil, ""},
		"a node is to go":     {leaving, nil, `w2: kube-proxy-w2: /healthz answers 503: {"nodeEligible": false}`},
		"one does not answer": {verifytest.AnswersFrom(path, "ok", "cp1", "w1"), nil, "w2: kube-proxy-w2: /healthz: connection refused"},
		"one is missing":      {all, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { delete(p, "w1") }, "w1: 0 kube-proxy pods, expected 1"},
		"no node is listed":   {all, func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { clear(n) }, "the cluster has no nodes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			evidence, err := proxyHealth(
				t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{Answers: test.answers}, verifytest.SmallCluster(test.edit)...),
			)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 3 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
	if verify.WithoutProxy(&verify.Target{Expect: verify.Expectation{ProxyMode: "none"}}) == "" {
		t.Error("a cluster without kube-proxy is not skipped")
	}
}
