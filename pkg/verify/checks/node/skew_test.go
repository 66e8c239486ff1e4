package node

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestVersionsFit(t *testing.T) {
	const (
		api     = ":6443/version"
		metrics = ":10249/metrics"
	)
	built := func(version string) string {
		return "# TYPE kubernetes_build_info gauge\nkubernetes_build_info{build_date=\"x\",compiler=\"gc\",git_version=\"" + version + "\",major=\"1\"} 1\nother 2\n"
	}
	nodes := func(w1 string) func(map[string]*corev1.Node, map[string]*corev1.Pod) {
		return func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			for _, node := range n {
				node.Status.NodeInfo.KubeletVersion = "v1.37.2"
			}
			n["w1"].Status.NodeInfo.KubeletVersion = w1
		}
	}
	with := func(changes ...string) map[string]string {
		all := verifytest.AnswersFrom(metrics, built("v1.37.2"), "cp1", "w1", "w2")
		all["kube-apiserver-cp1"+api] = `{"major":"1","minor":"37","gitVersion":"v1.37.2"}`
		for i := 0; i < len(changes); i += 2 {
			all[changes[i]] = changes[i+1]
		}
		return all
	}
	without := func(key string) map[string]string {
		all := with()
		maps.DeleteFunc(all, func(k, _ string) bool { return k == key })
		return all
	}
	plain, two := targettest.ThreeNodes, verify.Expectation{ControlPlanes: 2, Workers: 1, ProxyMode: "iptables"}
	noProxy, managed := plain, verify.Expectation{Workers: 3, ProxyMode: "none", Discovered: true}
	noProxy.ProxyMode = "none"
	tests := map[string]struct {
		expect  verify.Expectation
		kubelet string
		answers map[string]string
		want    string
	}{
		"all the same":           {plain, "v1.37.2", with(), ""},
		"another patch":          {plain, "v1.37.9", with(), ""},
		"three minors older":     {plain, "v1.34.0", with(), ""},
		"four minors older":      {plain, "v1.33.9", with(), "w1: kubelet is v1.33.9, 4 minor versions older than the API server v1.37.2, of 3 that are supported"},
		"newer":                  {plain, "v1.38.0-alpha.1", with(), "w1: kubelet is v1.38.0-alpha.1, newer than the API server v1.37.2"},
		"no version":             {plain, "", with(), `w1: kubelet: version "": `},
		"proxy older":            {plain, "v1.37.2", with("kube-proxy-w2"+metrics, built("v1.33.0")), "w2: kube-proxy-w2 is v1.33.0, 4 minor versions older"},
		"proxy newer":            {plain, "v1.37.2", with("kube-proxy-w2"+metrics, built("v1.38.0+k3s1")), "w2: kube-proxy-w2 is v1.38.0+k3s1, newer"},
		"proxy says nothing":     {plain, "v1.37.2", with("kube-proxy-w2"+metrics, "up 1\n"), "w2: kube-proxy-w2: /metrics answers 200 without kubernetes_build_info"},
		"proxy is deaf":          {plain, "v1.37.2", without("kube-proxy-w2" + metrics), "w2: kube-proxy-w2: /metrics: connection refused"},
		"no proxy is asked":      {noProxy, "v1.37.2", without("kube-proxy-w2" + metrics), ""},
		"API server is deaf":     {plain, "v1.37.2", without("kube-apiserver-cp1" + api), "cp1: kube-apiserver-cp1: /version: connection refused"},
		"API server is vague":    {plain, "v1.37.2", with("kube-apiserver-cp1"+api, "{}"), `cp1: kube-apiserver-cp1: version "": `},
		"newer than the oldest":  {two, "v1.37.2", with("kube-apiserver-cp2"+api, `{"gitVersion":"v1.36.0"}`), "w1: kubelet is v1.37.2, newer than the API server v1.36.0"},
		"API servers are apart":  {two, "v1.37.2", with("kube-apiserver-cp2"+api, `{"gitVersion":"v1.39.0"}`), "the API servers are v1.37.2 and v1.39.0, more than 1 minor version apart"},
		"API servers are close":  {two, "v1.37.2", with("kube-apiserver-cp2"+api, `{"gitVersion":"v1.38.0"}`), ""},
		"managed control planes": {managed, "v1.37.2", nil, ""},
		"managed, and newer":     {managed, "v1.38.0", nil, "w1: kubelet is v1.38.0, newer than the API server v1.37.2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects := append(verifytest.SmallCluster(nodes(test.kubelet)), []runtime.Object{verifytest.ComponentPod("kube-apiserver", "cp1")}...)
			if test.expect.ControlPlanes == 2 {
				objects = append(objects, verifytest.ComponentPod("kube-apiserver", "cp2"))
			}
			target := targettest.New(test.expect, verifytest.Pods{Answers: test.answers}, objects...)
			target.Kube.Clientset.(*fake.Clientset).Discovery().(*fakediscovery.FakeDiscovery).FakedServerVersion = &version.Info{GitVersion: "v1.37.2"}
			evidence, err := versionsFit(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) < 4 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}
