package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kindctl/kindctl/pkg/verify"
)

// etcdStatus is what "endpoint status" prints of one member.
type etcdStatus struct {
	Status struct {
		Header struct {
			MemberID uint64 `json:"member_id"`
		} `json:"header"`
		Leader   uint64 `json:"leader"`
		RaftTerm uint64 `json:"raftTerm"`
		// DBSize is what the file takes, DBSizeInUse what of it holds data, and
		// DBSizeQuota what it may take, in bytes; etcd before 3.6 does not tell
		// the last.
		DBSize      int64 `json:"dbSize"`
		DBSizeInUse int64 `json:"dbSizeInUse"`
		DBSizeQuota int64 `json:"dbSizeQuota"`
		// Errors are the alarms, and that there is no leader.
		Errors []string `json:"errors"`
	}
}

// statusOf asks one member for what it holds itself.
func statusOf(ctx context.Context, t *verify.Target, from member) (etcdStatus, error) {
	out, err := etcdctl(ctx, t, from, "endpoint", "status")
	if err != nil {
		return etcdStatus{}, fmt.Errorf("%s: %w", from.name, err)
	}
	var members []etcdStatus
	if err := json.Unmarshal([]byte(out), &members); err != nil {
		return etcdStatus{}, fmt.Errorf("%s: endpoint status: %w", from.name, err)
	}
	if len(members) != 1 {
		return etcdStatus{}, fmt.Errorf("%s: endpoint status of %d members, expected its own", from.name, len(members))
	}
	return members[0], nil
}

// etcdQuorum asks each member for its own view. That most of them answer is proof
// enough; when they do not, it matters whether that is their fault.
func etcdQuorum(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	endpoints, err := members(ctx, t)
	if err != nil {
		return nil, err
	}
	statuses, problems := make([]etcdStatus, len(endpoints)), make([]error, len(endpoints))
	_, _ = verify.Each(verify.Indices(endpoints), nil, func(i int) (string, error) {
		statuses[i], problems[i] = statusOf(ctx, t, endpoints[i])
		return "", nil
	})
	var answering []etcdStatus
	for i, problem := range problems {
		if problem == nil {
			answering = append(answering, statuses[i])
		}
	}
	missing := errors.Join(problems...)
	if len(answering) <= t.Expect.EtcdMembers/2 && verify.IsUnobservable(missing) {
		return nil, missing
	}
	evidence, err := evaluateQuorum(answering, t.Expect)
	if err != nil && missing != nil {
		err = withReasons(err, missing)
	}
	return evidence, err
}

// withReasons adds to a verdict why members do not answer, and leaves it what it is.
func withReasons(verdict, missing error) error {
	text := fmt.Errorf("%w\n%w", verdict, missing)
	if verify.IsWarning(verdict) {
		return verify.Warning(text)
	}
	return text
}

// evaluateQuorum wants a majority of the members to answer and to name one of
// them as the leader of one term.
func evaluateQuorum(answers []etcdStatus, expect verify.Expectation) (verify.Evidence, error) {
	members, quorum := expect.EtcdMembers, expect.EtcdMembers/2+1
	healthy := len(answers)
	if healthy < quorum {
		return nil, fmt.Errorf("the quorum is lost: %d of %d members answer, and %d are needed", healthy, members, quorum)
	}
	leaders, terms, answering := map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}
	for _, answer := range answers {
		if answer.Status.Leader == 0 {
			return nil, fmt.Errorf("member %x knows no leader", answer.Status.Header.MemberID)
		}
		leaders[answer.Status.Leader] = true
		terms[answer.Status.RaftTerm] = true
		answering[answer.Status.Header.MemberID] = true
	}
	leader, term := answers[0].Status.Leader, answers[0].Status.RaftTerm
	switch {
	case len(leaders) > 1 || len(terms) > 1:
		return nil, fmt.Errorf("members disagree: %d leaders, %d terms", len(leaders), len(terms))
	case !answering[leader]:
		return nil, fmt.Errorf("the leader %x does not answer", leader)
	}
	evidence := verify.Evidence{
		fmt.Sprintf("%d of %d members answer, quorum %d, leader %x, term %d", healthy, members, quorum, leader, term),
		fmt.Sprintf("fault tolerance: the cluster survives the loss of %d more", healthy-quorum),
	}
	switch {
	case expect.ExternalEtcd:
		evidence = append(evidence, "external: no member runs on a control plane, so that none is lost with one")
	case members == expect.ControlPlanes:
		evidence = append(evidence, "stacked: each member runs on a control plane, and is lost with it")
	}
	if healthy < members {
		return evidence, verify.Warning(fmt.Errorf("%d of %d members answer: the quorum of %d holds, and survives the loss of %d more", healthy, members, quorum, healthy-quorum))
	}
	if members%2 == 0 {
		return evidence, verify.Warning(fmt.Errorf("an even number of members: %d tolerate no more losses than %d", members, members-1))
	}
	return evidence, nil
}
