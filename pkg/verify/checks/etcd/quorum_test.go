package etcd

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func answers(leader, term uint64, members ...uint64) (list []etcdStatus) {
	for _, member := range members {
		var status etcdStatus
		status.Status.Header.MemberID, status.Status.Leader, status.Status.RaftTerm = member, leader, term
		list = append(list, status)
	}
	return list
}

func TestEvaluateQuorum(t *testing.T) {
	tests := map[string]struct {
		answers  []etcdStatus
		members  int
		want     string
		evidence string
	}{
		"one":            {answers(1, 2, 1), 1, "", "survives the loss of 0 more"},
		"three":          {answers(2, 2, 1, 2, 3), 3, "", "survives the loss of 1 more"},
		"two of three":   {answers(2, 2, 2, 3), 3, "2 of 3 members answer: the quorum of 2 holds, and survives the loss of 0 more", "survives the loss of 0 more"},
		"even":           {answers(2, 2, 1, 2, 3, 4), 4, "an even number of members: 4 tolerate no more losses than 3", "survives the loss of 1 more"},
		"no quorum":      {answers(2, 2, 2), 3, "the quorum is lost: 1 of 3 members answer, and 2 are needed", ""},
		"none":           {nil, 1, "the quorum is lost: 0 of 1 members answer", ""},
		"no leader":      {answers(0, 2, 1, 2, 3), 3, "member 1 knows no leader", ""},
		"one is cut off": {append(answers(1, 2, 1, 2), answers(0, 5, 3)...), 3, "member 3 knows no leader", ""},
		"two leaders":    {append(answers(1, 2, 1, 2), answers(3, 2, 3)...), 3, "2 leaders, 1 terms", ""},
		"two terms":      {append(answers(1, 2, 1, 2), answers(1, 3, 3)...), 3, "1 leaders, 2 terms", ""},
		"a gone leader":  {answers(3, 2, 1, 2), 3, "the leader 3 does not answer", ""},
		"stacked is so":  {answers(1, 2, 1), 1, "", "stacked"},
		"large numbers":  {answers(0x5c9ffab93f932355, 2, 0x5c9ffab93f932355), 1, "", "leader 5c9ffab93f932355"},
		"term is shown":  {answers(1, 7, 1), 1, "", "term 7"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			evidence, err := evaluateQuorum(test.answers, verify.Expectation{EtcdMembers: test.members, ControlPlanes: test.members})
			verifytest.WantErr(t, err, test.want)
			if verify.IsWarning(err) != (name == "even" || name == "two of three") {
				t.Errorf("%v is a warning: %v", err, verify.IsWarning(err))
			}
			if !slices.ContainsFunc(evidence, func(line string) bool { return strings.Contains(line, test.evidence) }) && test.evidence != "" {
				t.Errorf("evidence %q lacks %q", evidence, test.evidence)
			}
		})
	}
}

// printedStatus is what etcdctl prints of one member.
func printedStatus(member, leader int, more string) string {
	return fmt.Sprintf(`[{"Endpoint":"https://127.0.0.1:2379","Status":{"header":{"member_id":%d},"leader":%d,"raftTerm":2%s}}]`, member, leader, more)
}

func TestEtcdQuorum(t *testing.T) {
	three := []runtime.Object{verifytest.ComponentPod("etcd", "cp1"), verifytest.ComponentPod("etcd", "cp2"), verifytest.ComponentPod("etcd", "cp3")}
	good := map[string]string{"etcd-cp1": printedStatus(1, 1, ""), "etcd-cp2": printedStatus(2, 1, ""), "etcd-cp3": printedStatus(3, 1, "")}
	with := func(pod, out string) map[string]string {
		execs := map[string]string{"etcd-cp1": good["etcd-cp1"], "etcd-cp2": good["etcd-cp2"], "etcd-cp3": good["etcd-cp3"]}
		if execs[pod] = out; out == "" {
			delete(execs, pod)
		}
		return execs
	}
	tests := map[string]struct {
		members int
		pods    []runtime.Object
		execs   map[string]string
		want    string
	}{
		"three":         {3, three, good, ""},
		"one is cut":    {3, three, with("etcd-cp2", printedStatus(2, 0, "")), "member 2 knows no leader"},
		"one is dead":   {3, three, with("etcd-cp3", ""), "the quorum of 2 holds, and survives the loss of 0 more\netcd-cp3: etcdctl: exit code 1: connection refused"},
		"the leader is": {3, three, with("etcd-cp1", ""), "the leader 1 does not answer\netcd-cp1: etcdctl: exit code 1: connection refused"},
		"two are dead":  {3, three, map[string]string{"etcd-cp1": good["etcd-cp1"]}, "the quorum is lost: 1 of 3 members answer, and 2 are needed\netcd-cp2: etcdctl: exit code 1: connection refused"},
		"a pod is gone": {3, three[:2], good, "2 of 3 members answer: the quorum of 2 holds"},
		"not JSON":      {1, three[:1], map[string]string{"etcd-cp1": "no"}, "etcd-cp1: endpoint status: invalid character"},
		"of no one":     {1, three[:1], map[string]string{"etcd-cp1": "[]"}, "etcd-cp1: endpoint status of 0 members"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := etcdQuorum(
				t.Context(), targettest.New(verify.Expectation{EtcdMembers: test.members}, verifytest.Pods{Outputs: test.execs}, test.pods...),
			)
			verifytest.WantErr(t, err, test.want)
		})
	}
}
