package bootstrap

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/kube"
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
