package apiserver

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestAPIReady(t *testing.T) {
	two := verify.Expectation{ControlPlanes: 2}
	servers := []runtime.Object{verifytest.ComponentPod("kube-apiserver", "cp1"), verifytest.ComponentPod("kube-apiserver", "cp2")}
	const good = "[+]ping ok\n[+]etcd ok\nreadyz check passed\n"
	const path = ":6443/readyz?verbose"
	tests := map[string]struct {
		answers map[string]string
		objects []runtime.Object
		want    string
	}{
		"all ready":   {map[string]string{"kube-apiserver-cp1" + path: good, "kube-apiserver-cp2" + path: good}, servers, ""},
		"one is sick": {map[string]string{"kube-apiserver-cp1" + path: good, "kube-apiserver-cp2" + path: "503 [+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"}, servers, "kube-apiserver-cp2: /readyz answers 503: etcd failed: reason withheld"},
		"one is deaf": {map[string]string{"kube-apiserver-cp1" + path: good}, servers, "kube-apiserver-cp2: connection refused"},
		"no checks":   {map[string]string{"kube-apiserver-cp1" + path: good, "kube-apiserver-cp2" + path: "ok"}, servers, "kube-apiserver-cp2: /readyz answers 200"},
		"one is gone": {map[string]string{"kube-apiserver-cp1" + path: good}, servers[:1], "1 kube-apiserver pods, expected 2"},
		"none at all": {nil, nil, "0 kube-apiserver pods, expected 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := apiReady(t.Context(), targettest.New(two, verifytest.Pods{Answers: test.answers}, test.objects...))
			verifytest.WantErr(t, err, test.want)
		})
	}
}

func TestAPIScope(t *testing.T) {
	resources := func(pods bool, names ...string) []*metav1.APIResourceList {
		core := &metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "pods", Namespaced: pods}, {Name: "replicationcontrollers", Namespaced: true}, {Name: "persistentvolumeclaims", Namespaced: true},
			{Name: "persistentvolumes"}, {Name: "nodes"}, {Name: "namespaces"},
		}}
		apps := &metav1.APIResourceList{GroupVersion: "apps/v1"}
		for _, name := range names {
			apps.APIResources = append(apps.APIResources, metav1.APIResource{Name: name, Namespaced: true})
		}
		rbac := &metav1.APIResourceList{GroupVersion: "rbac.authorization.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "roles", Namespaced: true}, {Name: "clusterroles"}}}
		return []*metav1.APIResourceList{core, apps, rbac}
	}
	tests := map[string]struct {
		served []*metav1.APIResourceList
		want   string
	}{
		"as documented": {resources(true, "replicasets"), ""},
		"pods moved":    {resources(false, "replicasets"), "pods is cluster-wide"},
		"not served":    {resources(true), "apps/v1 replicasets is not served"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
			target.Kube.Clientset.(*fake.Clientset).Resources = test.served
			evidence, err := apiScope(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != len(scopes) {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}
