package probe

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
)

func TestChoosePodPort(t *testing.T) {
	target, _ := targettest.Networked(nil)
	first := Of(target).HostPort()
	if first < firstPodPort || first >= firstPodPort+podPorts {
		t.Fatalf("the port is %d", first)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "theirs", Namespace: "default"}}
	pod.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{{HostPort: int32(first)}}}}
	if err := target.Kube.Clientset.(*fake.Clientset).Tracker().Add(pod); err != nil {
		t.Fatal(err)
	}
	if err := Of(target).chooseHostPort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if port := Of(target).HostPort(); port == first {
		t.Errorf("port %d is another pod's", port)
	}
}
