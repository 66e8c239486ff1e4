package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

const groupEtcd = "etcd"

const etcdSelector = "component=etcd"

func etcdChecks() []Check {
	return []Check{
		{
			ID: "etcd.members", Group: groupEtcd, Title: "All etcd members know the same members",
			Hint:    "kubectl -n kube-system get pods -l component=etcd; kubectl -n kube-system logs -l component=etcd --tail=20",
			Attempt: 10 * time.Second,
			Skip:    noStackedEtcd,
			Run:     etcdMembers,
		},
		{
			ID: "etcd.quorum", Group: groupEtcd, Title: "etcd has one leader and a quorum",
			Hint:    "kubectl -n kube-system logs -l component=etcd --tail=20",
			Needs:   []string{"etcd.members"},
			Attempt: 10 * time.Second,
			Skip:    noStackedEtcd,
			Run:     etcdQuorum,
		},
	}
}

func noStackedEtcd(t *Target) string {
	if t.Expect.Discovered && t.Expect.EtcdMembers == 0 {
		return "etcd does not run in the cluster's pods"
	}
	return ""
}

// etcdctl runs etcdctl in an etcd pod with the certificate that kubeadm makes
// for the liveness probe. The image may hold no shell.
func (t *Target) etcdctl(ctx context.Context, pod corev1.Pod, arguments ...string) (string, error) {
	const pki = "/etc/kubernetes/pki/etcd/"
	command := append([]string{
		"etcdctl", "--endpoints=https://127.0.0.1:2379", "--cacert=" + pki + "ca.crt",
		"--cert=" + pki + "healthcheck-client.crt", "--key=" + pki + "healthcheck-client.key", "--write-out=json",
	}, arguments...)
	return t.Pods.Exec(ctx, kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: "etcd"}, command...)
}

type etcdMember struct {
	ID        uint64   `json:"ID"`
	Name      string   `json:"name"` // empty until the member has started
	PeerURLs  []string `json:"peerURLs"`
	IsLearner bool     `json:"isLearner"`
}

// etcdMembers asks every member for its list: one that was cut off, or that
// joined another cluster, has a list of its own.
func etcdMembers(ctx context.Context, t *Target) (Evidence, error) {
	pods, err := t.systemPods(ctx, etcdSelector)
	if err != nil {
		return nil, err
	}
	if err := exactly(len(pods), t.Expect.EtcdMembers, "etcd pods"); err != nil {
		return nil, err
	}
	lists := make(map[string]string, len(pods))
	found, err := each(pods, func(pod corev1.Pod) (string, error) {
		out, err := t.etcdctl(ctx, pod, "member", "list")
		if err != nil {
			return "", fmt.Errorf("%s: %w", pod.Name, err)
		}
		names, err := memberNames(out, t.Expect.EtcdMembers)
		if err != nil {
			return "", fmt.Errorf("%s: %w", pod.Name, err)
		}
		return strings.Join(names, ", "), nil
	})
	if err != nil {
		return nil, err
	}
	var evidence Evidence
	for i, pod := range pods {
		lists[found[i]] = pod.Name
		evidence = append(evidence, pod.Name+" lists "+found[i])
	}
	if len(lists) != 1 {
		return evidence, fmt.Errorf("the lists differ: %s", strings.Join(evidence, "; "))
	}
	return evidence, nil
}

// memberNames reads a member list and returns "NAME=ID" for each, sorted.
func memberNames(out string, want int) ([]string, error) {
	var list struct {
		Members []etcdMember `json:"members"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("member list: %w", err)
	}
	var names []string
	for _, member := range list.Members {
		if member.IsLearner {
			return nil, fmt.Errorf("the member at %s is a learner, which does not vote", strings.Join(member.PeerURLs, ", "))
		}
		names = append(names, fmt.Sprintf("%s=%x", member.Name, member.ID))
	}
	slices.Sort(names)
	return names, exactly(len(names), want, "members in the list")
}

// etcdStatus is one element of what "endpoint status" prints.
type etcdStatus struct {
	Endpoint string
	Status   struct {
		Header struct {
			MemberID uint64 `json:"member_id"`
		} `json:"header"`
		Leader   uint64 `json:"leader"`
		RaftTerm uint64 `json:"raftTerm"`
	}
}

func etcdQuorum(ctx context.Context, t *Target) (Evidence, error) {
	pods, err := t.systemPods(ctx, etcdSelector)
	if err != nil {
		return nil, err
	}
	if err := exactly(len(pods), t.Expect.EtcdMembers, "etcd pods"); err != nil {
		return nil, err
	}
	out, err := t.etcdctl(ctx, pods[0], "endpoint", "status", "--cluster")
	var failed *kube.ExecError
	if err != nil && !errors.As(err, &failed) { // it fails when one endpoint does, and still prints the others
		return nil, fmt.Errorf("%s: %w", pods[0].Name, err)
	}
	var endpoints []etcdStatus
	if unreadable := json.Unmarshal([]byte(out), &endpoints); unreadable != nil {
		return nil, fmt.Errorf("%s: endpoint status: %w", pods[0].Name, errors.Join(err, unreadable))
	}
	return judgeQuorum(endpoints, t.Expect)
}

// judgeQuorum wants a majority of the members to answer and to name one of
// them as the leader of one term.
func judgeQuorum(endpoints []etcdStatus, expect Expectation) (Evidence, error) {
	members, quorum := expect.EtcdMembers, expect.EtcdMembers/2+1
	healthy := len(endpoints)
	if healthy < quorum {
		return nil, fmt.Errorf("%d of %d members answer, a quorum is %d", healthy, members, quorum)
	}
	leaders, terms, answering := map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}
	for _, endpoint := range endpoints {
		leaders[endpoint.Status.Leader] = true
		terms[endpoint.Status.RaftTerm] = true
		answering[endpoint.Status.Header.MemberID] = true
	}
	leader, term := endpoints[0].Status.Leader, endpoints[0].Status.RaftTerm
	switch {
	case leaders[0]:
		return nil, errors.New("a member knows no leader")
	case len(leaders) > 1 || len(terms) > 1:
		return nil, fmt.Errorf("members disagree: %d leaders, %d terms", len(leaders), len(terms))
	case !answering[leader]:
		return nil, fmt.Errorf("the leader %x does not answer", leader)
	}
	evidence := Evidence{
		fmt.Sprintf("%d of %d members answer, quorum %d, leader %x, term %d", healthy, members, quorum, leader, term),
		fmt.Sprintf("fault tolerance: the cluster survives the loss of %d more", healthy-quorum),
	}
	if members == expect.ControlPlanes {
		evidence = append(evidence, "stacked: each member runs on a control plane, and is lost with it")
	}
	if members%2 == 0 {
		evidence = append(evidence, fmt.Sprintf("WARNING: an even number of members: %d tolerate no more losses than %d", members, members-1))
	}
	return evidence, nil
}
