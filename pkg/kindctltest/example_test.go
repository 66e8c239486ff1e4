package kindctltest_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindctl/kindctl/pkg/kindctltest"
)

// A test with a cluster of its own, which is gone when the test has ended.
func ExampleNew() {
	_ = func(t *testing.T) { // func TestOperator(t *testing.T) {
		cluster := kindctltest.New(t, kindctltest.CNI("calico"), kindctltest.Nodes(1, 2))
		client, err := kubernetes.NewForConfig(cluster.Config)
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err != nil || len(nodes.Items) != 3 {
			t.Errorf("%d nodes (%v)", len(nodes.Items), err)
		}
		cluster.Verify(t) // whatever the test did, the cluster still works
	}
}

// Tests that share one cluster, also with other packages. Without Main it would
// be kept for the next run.
func ExampleShared() {
	_ = func(m *testing.M) int { // func TestMain(m *testing.M) {
		return kindctltest.Main(m) // os.Exit(kindctltest.Main(m))
	}
	_ = func(t *testing.T) { // func TestOrders(t *testing.T) {
		cluster := kindctltest.Shared(t, "shop-tests", kindctltest.CNI("calico"))
		t.Log("kubectl --kubeconfig", cluster.Kubeconfig)
	}
}
