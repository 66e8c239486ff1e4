package proxy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestProxyMode(t *testing.T) {
	const path = ":10249/proxyMode"
	all := verifytest.AnswersFrom(path, "iptables", "cp1", "w1", "w2")
	const kind = "kind: KubeProxyConfiguration\n"
	tests := map[string]struct {
		config   string
		expected string
		answers  map[string]string
		edit     func(map[string]*corev1.Node, map[string]*corev1.Pod)
		want     string
	}{
		"as configured": {kind + "mode: iptables", "iptables", all, nil, ""},
		"the default":   {kind + `mode: ""`, "iptables", all, nil, ""},
		"changed, not restarted": {kind + "mode: nftables", "nftables", all, nil,
			"cp1: kube-proxy-cp1: kube-proxy runs in mode iptables, configured is nftables\nw1: kube-proxy-w1: kube-proxy runs in mode iptables, configured is nftables\nw2: kube-proxy-w2: kube-proxy runs in mode iptables, configured is nftables"},
		"changed and restarted": {kind + "mode: nftables", "iptables", verifytest.AnswersFrom(path, "nftables", "cp1", "w1", "w2"), nil, "says mode nftables, the cluster was made with iptables"},
		"one does not answer":   {kind + "mode: iptables", "iptables", verifytest.AnswersFrom(path, "iptables", "cp1", "w1"), nil, "w2: kube-proxy-w2: /proxyMode: connection refused"},
		"one answers nothing":   {kind + "mode: iptables", "iptables", map[string]string{"kube-proxy-cp1" + path: "iptables", "kube-proxy-w1" + path: "iptables", "kube-proxy-w2" + path: ""}, nil, `w2: kube-proxy-w2: /proxyMode answers 200: ""`},
		"one is missing":        {kind + "mode: iptables", "iptables", all, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { delete(p, "w2") }, "w2: 0 kube-proxy pods, expected 1"},
		"one is not ready": {kind + "mode: iptables", "iptables", all, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) {
			p["w2"].Status.Conditions[0].Status = corev1.ConditionFalse
		}, "w2: kube-proxy-w2 is not ready"},
		"no configuration":       {"", "iptables", all, nil, ""},
		"none, and another mode": {"", "nftables", all, nil, "cp1: kube-proxy-cp1: kube-proxy runs in mode iptables, configured is nftables"},
		"not YAML":               {"\t", "iptables", all, nil, "config.conf:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expect := targettest.ThreeNodes
			expect.ProxyMode = test.expected
			objects := append(verifytest.SmallCluster(test.edit), verifytest.ProxyConfig(test.config))
			_, err := proxyMode(t.Context(), targettest.New(expect, verifytest.Pods{Answers: test.answers}, objects...))
			verifytest.WantErr(t, err, test.want)
		})
	}
}

func TestProxyThatIsGone(t *testing.T) {
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{}, verifytest.SmallCluster(nil)...)
	target.Survey(t.Context())
	_, err := proxyMode(t.Context(), target)
	if !verify.IsDifference(err) || verify.WithoutProxy(target) == "" || madeWithoutProxy(target) != "" {
		t.Errorf("%v; %q, %q", err, verify.WithoutProxy(target), madeWithoutProxy(target))
	}
}
