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

// Tests that each begin with the same cluster. The first one creates it, later ones reset it.
func ExampleFresh() {
	_ = func(m *testing.M) int { // func TestMain(m *testing.M) {
		return kindctltest.Main(m) // os.Exit(kindctltest.Main(m))
	}
	_ = func(t *testing.T) { // func TestUpgrade(t *testing.T) {
		cluster := kindctltest.Fresh(t, "shop-tests", kindctltest.CNI("calico"))
		client, err := kubernetes.NewForConfig(cluster.Config)
		if err != nil {
			t.Fatal(err)
		}
		namespaces, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
		if err != nil || len(namespaces.Items) != 4 {
			t.Errorf("%d namespaces (%v)", len(namespaces.Items), err) // no other test has left one
		}
	}
}

// A test that brings its cluster back to a state of its own before each of its parts.
func ExampleCluster_Reset() {
	_ = func(t *testing.T) { // func TestFailures(t *testing.T) {
		cluster := kindctltest.New(t)
		// ... install what is tested
		cluster.Save(t, "installed")
		for _, failure := range []string{"no-database", "no-queue"} {
			t.Run(failure, func(t *testing.T) {
				cluster.Reset(t, "installed")
				// ... break it
			})
		}
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
