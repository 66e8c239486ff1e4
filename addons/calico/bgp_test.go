package calico

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/verify"
)

func TestEvaluateSessions(t *testing.T) {
	const established = `{"status": {"lastUpdated": "2026-01-02T03:04:05Z", "bgp": {"numberEstablishedV4": 2, "peersV4": [
		{"peerIP": "172.18.0.3", "state": "Established", "type": "NodeMesh"}, {"peerIP": "172.18.0.4", "state": "Established", "type": "NodeMesh"}]}}}`
	tests := map[string]struct {
		object string
		peers  int
		want   string
	}{
		"all established":   {established, 2, ""},
		"a peer is missing": {established, 3, "2 sessions are established, expected 3"},
		"one is not":        {strings.Replace(established, `"Established"`, `"Connect"`, 1), 2, "the session with 172.18.0.3 is Connect"},
		"not reported":      {`{"spec": {"node": "a"}}`, 2, "has not reported"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			if err := json.Unmarshal([]byte(test.object), &object); err != nil {
				t.Fatal(err)
			}
			_, err := checkSessions(object, test.peers)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
		})
	}
}

// birds answers for a cluster with BIRD: agents that report two sessions, and
// what two other runs made, one of which was killed.
func birds(t *testing.T) *verify.Target {
	t.Helper()
	status := func(run string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "crd.projectcalico.org/v1", "kind": "CalicoNodeStatus",
			"metadata": map[string]any{"name": "kindctl-" + run + "-w1", "labels": map[string]any{verify.RunLabel: run}}}}
	}
	target := target("iptables", nodes{}, 1)
	client := target.Kube.Clientset.(*fake.Clientset)
	for _, object := range []runtime.Object{
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "calico-config"}, Data: map[string]string{"calico_backend": "bird"}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kindctl-verify-alive", Labels: map[string]string{verify.RunLabel: "alive"}}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "kindctl-verify-" + target.RunID, Name: "default"}},
	} {
		if err := client.Tracker().Add(object); err != nil {
			t.Fatal(err)
		}
	}
	dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{resource("caliconodestatuses"): "CalicoNodeStatusList"}, status("alive"), status("killed"))
	dynamic.PrependReactor("create", "caliconodestatuses", func(action clienttesting.Action) (bool, runtime.Object, error) {
		object := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		object.Object["status"] = map[string]any{"lastUpdated": "now", "bgp": map[string]any{"peersV4": []any{map[string]any{"peerIP": "172.18.0.3", "state": "Established"}}}}
		return false, nil, nil
	})
	target.Kube.Dynamic = dynamic
	return target
}

func TestStatusesGo(t *testing.T) {
	target := birds(t)
	left := func() (names []string) {
		list, err := target.Kube.Dynamic.Resource(resource("caliconodestatuses")).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, status := range list.Items {
			names = append(names, status.GetName())
		}
		return names
	}
	if evidence, err := sessions(t.Context(), target); err != nil || len(evidence) != 2 {
		t.Fatalf("%q, %v", evidence, err)
	}
	if diff := cmp.Diff([]string{"kindctl-alive-w1", "kindctl-killed-w1"}, left()); diff != "" {
		t.Errorf("after the check: %s", diff)
	}
	if err := target.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"kindctl-alive-w1"}, left()); diff != "" {
		t.Errorf("after the run: %s", diff)
	}
}
