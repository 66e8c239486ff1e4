package pool

import (
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
)

// TestHold takes the lease of a component away from its holder, and removes it. A component that
// elects no leader has none.
func TestHold(t *testing.T) {
	leader, lasts := "lab-control-plane_1", int32(15)
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-scheduler"},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &leader, LeaseDurationSeconds: &lasts},
	}
	client := &kube.Client{Clientset: fake.NewClientset(lease)}
	for component, want := range map[string]bool{"kube-scheduler": true, "kube-controller-manager": false} {
		if held, err := hold(t.Context(), client, component); held != want || err != nil {
			t.Errorf("%s: held %v, %v", component, held, err)
		}
	}
	leases := client.Clientset.CoordinationV1().Leases("kube-system")
	held, err := leases.Get(t.Context(), "kube-scheduler", metav1.GetOptions{})
	if err != nil || *held.Spec.HolderIdentity != holder || *held.Spec.LeaseDurationSeconds != 300 || held.Spec.RenewTime == nil {
		t.Errorf("the lease is %+v (%v)", held.Spec, err)
	}
	if err := release(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if _, err := leases.Get(t.Context(), "kube-scheduler", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after the release: %v", err)
	}
}
