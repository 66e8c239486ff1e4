// Package etcd checks the members of etcd.
package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

const groupEtcd = "etcd"

// Checks returns the checks of etcd.
func Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "etcd.members", Group: groupEtcd, Title: "All etcd members report the same member list",
			Proves: "Asks every etcd member for its member list. All lists must be identical, have the expected length, and contain no learner. A member that was cut off, or that joined another cluster, has a different list.",
			Hint:   "kubectl -n kube-system get pods -l component=etcd; kubectl -n kube-system logs -l component=etcd --tail=20",
			Needs:  []string{"kubelet.alive"},
			Rights: rightsOfEtcdctl,
			Skip:   hiddenEtcd, Timeout: 18 * time.Second, Attempt: 10 * time.Second,
			Run: etcdMembers,
		},
		{
			ID: "etcd.quorum", Group: groupEtcd, Title: "etcd has one leader and a quorum",
			Proves: "Asks every etcd member for its leader and term. All must agree on one leader, and the leader must respond. As long as a majority responds, a member that does not is a warning. So is an even number of members, which tolerates no more failures than one member fewer.",
			Hint:   "start the members that do not answer; for an even number, add or remove one; else: kubectl -n kube-system logs -l component=etcd --tail=20",
			Rights: rightsOfEtcdctl,
			Skip:   hiddenEtcd, Timeout: 18 * time.Second, Attempt: 10 * time.Second,
			Run: etcdQuorum,
		},
		etcdSpaceCheck(),
	}
}

// rightsOfEtcdctl go with the etcd pods and etcdctl in them.
var rightsOfEtcdctl = verify.JoinRights(verify.RightsOfSystemPods, verify.RightsOfExecs)

func hiddenEtcd(t *verify.Target) string {
	if t.Expect.EtcdMembers == 0 {
		return "etcd does not run in the cluster's pods"
	}
	return ""
}

// etcdctl runs etcdctl in a pod, for one member. The image may hold no shell. What
// keeps it from running says nothing of etcd.
func etcdctl(ctx context.Context, t *verify.Target, from member, arguments ...string) (string, error) {
	command := slices.Concat([]string{"etcdctl"}, from.flags, []string{"--write-out=json"}, arguments)
	out, err := t.Pods.Exec(ctx, from.pod, command...)
	switch failed, ran := errors.AsType[*kube.ExecError](err); {
	case ran:
		failed.Stderr = lastLine(failed.Stderr)
	case err != nil:
		err = verify.Unobservable(err)
	}
	return out, err
}

// lastLine is why etcdctl failed: the last thing that it said, without the place
// in its code.
func lastLine(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := lines[len(lines)-1]
	var logged struct{ Msg, Error string }
	if json.Unmarshal([]byte(last), &logged) == nil && logged.Msg != "" {
		return strings.TrimSuffix(logged.Msg+": "+logged.Error, ": ")
	}
	return last
}

// memberList asks a member for the list that it holds itself, so that one
// which is cut off from the others still answers: that it knows no leader is
// for etcd.quorum to say. Before etcd 3.6 the list is always agreed upon.
func memberList(ctx context.Context, t *verify.Target, from member) (string, error) {
	out, err := etcdctl(ctx, t, from, "member", "list", "--consistency=s")
	if err != nil && strings.Contains(err.Error(), "unknown flag") {
		return etcdctl(ctx, t, from, "member", "list")
	}
	return out, err
}

type etcdMember struct {
	ID        uint64   `json:"ID"`
	Name      string   `json:"name"` // empty until the member has started
	PeerURLs  []string `json:"peerURLs"`
	IsLearner bool     `json:"isLearner"`
}

// etcdMembers asks every member for its list: one that was cut off, or that
// joined another cluster, has a list of its own.
func etcdMembers(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	endpoints, err := allMembers(ctx, t)
	if err != nil {
		return nil, err
	}
	lists := make(map[string]string, len(endpoints))
	found, err := verify.Each(endpoints, member.nodeName, func(from member) (string, error) {
		out, err := memberList(ctx, t, from)
		if err != nil {
			return "", fmt.Errorf("%s: %w", from.name, err)
		}
		names, err := memberNames(out, t.Expect.EtcdMembers)
		if err != nil {
			return "", fmt.Errorf("%s: %w", from.name, err)
		}
		return strings.Join(names, ", "), nil
	})
	if err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	for i, from := range endpoints {
		lists[found[i]] = from.name
		evidence = append(evidence, from.name+" lists "+found[i])
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
	return names, verify.Exactly(len(names), want, "members in the list")
}
