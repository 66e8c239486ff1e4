package nodes

import (
	"reflect"
	"testing"

	"github.com/kindctl/kindctl/pkg/verify"
)

func TestRequestsFollowNodes(t *testing.T) {
	one := func(node, setting string) verify.Requested {
		return verify.Requested{Node: node, Component: "kubelet", Setting: setting, Value: "25"}
	}
	expect := verify.Expectation{Requested: []verify.Requested{one("", "maxPods"), one("lab-worker", "--v")}, Untainted: []string{"lab-control-plane"}}
	more := expectOnNewNodes(expect, "lab-worker", []string{"lab-worker2"})
	if want := []verify.Requested{one("", "maxPods"), one("lab-worker", "--v"), one("lab-worker2", "--v")}; !reflect.DeepEqual(more.Requested, want) {
		t.Errorf("with a worker more, %+v is requested, want %+v", more.Requested, want)
	}
	if planes := expectOnNewNodes(expect, "lab-control-plane", []string{"lab-control-plane2"}).Untainted; len(planes) != 2 {
		t.Errorf("untainted are %v, want both", planes)
	}
	if less := expectWithoutNodes(more, []string{"lab-worker2"}); !reflect.DeepEqual(less, expect) {
		t.Errorf("without it again, the expectation is %+v, want %+v", less, expect)
	}
}
