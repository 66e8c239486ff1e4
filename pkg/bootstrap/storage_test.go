package bootstrap

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kube"
)

func TestAdmitStorage(t *testing.T) {
	for have, want := range map[string]string{"": "privileged", "baseline": "baseline"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: storageNamespace}}
		if have != "" {
			namespace.Labels = map[string]string{podSecurityLabel: have}
		}
		client := &kube.Client{Clientset: fake.NewClientset(namespace)}
		if err := admitStorage(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		after, err := client.Clientset.CoreV1().Namespaces().Get(t.Context(), storageNamespace, metav1.GetOptions{})
		if err != nil || after.Labels[podSecurityLabel] != want {
			t.Errorf("with level %q it has %v, want %q; %v", have, after.Labels, want, err)
		}
	}
	if err := admitStorage(t.Context(), &kube.Client{Clientset: fake.NewClientset()}); err != nil {
		t.Errorf("without the namespace: %v", err)
	}
}

func TestHelpersOnHostNetwork(t *testing.T) {
	objects, err := kube.Decode([]byte(`
apiVersion: v1
kind: ConfigMap
metadata: {name: local-path-config}
data:
  setup: mkdir
  helperPod.yaml: |-
    kind: Pod
    spec:
      containers: [{name: helper-pod, image: helper}]
---
apiVersion: v1
kind: Namespace
metadata: {name: local-path-storage}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := helpersOnHostNetwork(objects); err != nil {
		t.Fatal(err)
	}
	data, _, _ := unstructured.NestedStringMap(objects[0].Object, "data")
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(data[helperTemplate]), &pod); err != nil {
		t.Fatal(err)
	}
	if !pod.Spec.HostNetwork || len(pod.Spec.Containers) != 1 || pod.Spec.Containers[0].Image != "helper" || data["setup"] != "mkdir" {
		t.Errorf("the ConfigMap has %v", data)
	}
}

// TestAdmitStorageWhenOverloaded has the API server run out of time once, as it does
// while nodes join.
func TestAdmitStorageWhenOverloaded(t *testing.T) {
	for _, refusal := range []struct {
		err   error
		tries int
	}{
		{apierrors.NewTimeoutError("request did not complete within requested timeout", 0), 2},
		{apierrors.NewForbidden(corev1.Resource("namespaces"), storageNamespace, nil), 1},
	} {
		clientset := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: storageNamespace}})
		tries := 0
		clientset.PrependReactor("patch", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
			tries++
			return tries == 1, nil, refusal.err
		})
		err := admitStorage(t.Context(), &kube.Client{Clientset: clientset})
		if tries != refusal.tries || (err == nil) != (tries == 2) {
			t.Errorf("%v: %d tries, want %d; %v", refusal.err, tries, refusal.tries, err)
		}
	}
}
