package verify

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

const (
	listOfOne     = `{"members":[{"ID":6673461441410251605,"name":"cp1","peerURLs":["https://172.18.0.2:2380"]}]}`
	listOfTwo     = `{"members":[{"ID":2,"name":"cp2"},{"ID":1,"name":"cp1"}]}`
	listOfTwoToo  = `{"members":[{"ID":1,"name":"cp1"},{"ID":2,"name":"cp2"}]}`
	listWithOther = `{"members":[{"ID":1,"name":"cp1"},{"ID":9,"name":"cp2"}]}`
	listLearner   = `{"members":[{"ID":1,"name":"cp1"},{"ID":2,"peerURLs":["https://172.18.0.9:2380"],"isLearner":true}]}`
)

func TestEtcdMembers(t *testing.T) {
	one, two := componentPod("etcd", "cp1"), componentPod("etcd", "cp2")
	tests := map[string]struct {
		members int
		pods    []runtime.Object
		execs   map[string]string
		want    string
	}{
		"one":              {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfOne}, ""},
		"two in any order": {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo, "etcd-cp2": listOfTwoToo}, ""},
		"lists differ":     {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo, "etcd-cp2": listWithOther}, "the lists differ: etcd-cp1 lists cp1=1, cp2=2; etcd-cp2 lists cp1=1, cp2=9"},
		"a learner":        {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listLearner}, "the member at https://172.18.0.9:2380 is a learner"},
		"one too many":     {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfTwo}, "2 members in the list, expected 1"},
		"a pod is gone":    {2, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfTwo}, "1 etcd pods, expected 2"},
		"a member is dead": {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo}, "etcd-cp2: etcdctl: exit code 1: connection refused"},
		"none":             {1, nil, nil, "0 etcd pods, expected 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := etcdMembers(t.Context(), fakeTarget(Expectation{EtcdMembers: test.members}, fakePods{execs: test.execs}, test.pods...))
			wantErr(t, err, test.want)
		})
	}
}

func endpoints(leader, term uint64, members ...uint64) (list []etcdStatus) {
	for _, member := range members {
		var status etcdStatus
		status.Status.Header.MemberID, status.Status.Leader, status.Status.RaftTerm = member, leader, term
		list = append(list, status)
	}
	return list
}

func TestJudgeQuorum(t *testing.T) {
	tests := map[string]struct {
		endpoints []etcdStatus
		members   int
		want      string
		evidence  string
	}{
		"one":            {endpoints(1, 2, 1), 1, "", "survives the loss of 0 more"},
		"three":          {endpoints(2, 2, 1, 2, 3), 3, "", "survives the loss of 1 more"},
		"two of three":   {endpoints(2, 2, 2, 3), 3, "", "survives the loss of 0 more"},
		"even":           {endpoints(2, 2, 1, 2, 3, 4), 4, "", "4 tolerate no more losses than 3"},
		"no quorum":      {endpoints(2, 2, 2), 3, "1 of 3 members answer, a quorum is 2", ""},
		"none":           {nil, 1, "0 of 1 members answer", ""},
		"no leader":      {endpoints(0, 2, 1, 2, 3), 3, "a member knows no leader", ""},
		"two leaders":    {append(endpoints(1, 2, 1, 2), endpoints(3, 2, 3)...), 3, "2 leaders, 1 terms", ""},
		"two terms":      {append(endpoints(1, 2, 1, 2), endpoints(1, 3, 3)...), 3, "1 leaders, 2 terms", ""},
		"a gone leader":  {endpoints(3, 2, 1, 2), 3, "the leader 3 does not answer", ""},
		"stacked is so":  {endpoints(1, 2, 1), 1, "", "stacked"},
		"large numbers":  {endpoints(0x5c9ffab93f932355, 2, 0x5c9ffab93f932355), 1, "", "leader 5c9ffab93f932355"},
		"term is shown ": {endpoints(1, 7, 1), 1, "", "term 7"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			evidence, err := judgeQuorum(test.endpoints, Expectation{EtcdMembers: test.members, ControlPlanes: test.members})
			wantErr(t, err, test.want)
			if !slices.ContainsFunc(evidence, func(line string) bool { return strings.Contains(line, test.evidence) }) && test.evidence != "" {
				t.Errorf("evidence %q lacks %q", evidence, test.evidence)
			}
		})
	}
}

func TestEtcdQuorumReadsEtcdctl(t *testing.T) {
	const status = `[{"Endpoint":"https://172.18.0.2:2379","Status":{"header":{"member_id":1},"leader":1,"raftTerm":2}}]`
	for out, want := range map[string]string{status: "", "no": "endpoint status: invalid character"} {
		target := fakeTarget(threeNodes, fakePods{execs: map[string]string{"etcd-cp1": out}}, componentPod("etcd", "cp1"))
		_, err := etcdQuorum(t.Context(), target)
		wantErr(t, err, want)
	}
	_, err := etcdQuorum(t.Context(), fakeTarget(threeNodes, fakePods{}, componentPod("etcd", "cp1")))
	wantErr(t, err, "etcdctl: exit code 1: connection refused")
}
