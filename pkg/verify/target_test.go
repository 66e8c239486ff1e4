package verify

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// threeNodes is what kindctl makes by default.
var threeNodes = Expectation{ControlPlanes: 1, Workers: 2, EtcdMembers: 1, ProxyMode: "iptables"}

func fakeTarget(expect Expectation, pods verifytest.Pods, objects ...runtime.Object) *Target {
	t := NewTarget(&kube.Client{Clientset: fake.NewClientset(objects...)}, expect)
	t.Pods = pods
	return t
}
