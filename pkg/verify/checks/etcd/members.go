package etcd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// etcdClientSelector finds the pods, one on each control plane, through which an
// etcd apart from the control planes is asked.
const etcdClientSelector = "component=" + ClientComponent

// ClientComponent is the name of these pods' component, of their container, and the
// beginning of their names.
const ClientComponent = "etcd-client"

// member is from where a member of etcd is asked.
type member struct {
	// name is the member's, for people: its pod's, or its host's.
	name string
	// node is the one that the member runs on, "" for one of the cluster's.
	node  string
	pod   kube.PodRef
	flags []string
	// quota is what the member was started with, in bytes, for those that do not
	// tell.
	quota int64
}

func (s member) nodeName() string { return s.node }

// allMembers returns one for each member that is expected.
func allMembers(ctx context.Context, t *verify.Target) ([]member, error) {
	endpoints, err := members(ctx, t)
	if err != nil {
		return nil, err
	}
	things := "etcd pods"
	if t.Expect.ExternalEtcd {
		things = "members known to the API servers"
	}
	return endpoints, verify.Exactly(len(endpoints), t.Expect.EtcdMembers, things)
}

// members returns one for each member that there is.
func members(ctx context.Context, t *verify.Target) (endpoints []member, err error) {
	if t.Expect.ExternalEtcd {
		return externalMembers(ctx, t)
	}
	pods, err := t.SystemPods(ctx, verify.EtcdSelector)
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		endpoints = append(endpoints, member{
			name: pod.Name, node: pod.Spec.NodeName, pod: kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: "etcd"},
			quota: configuredQuota(pod),
			flags: OwnMember(),
		})
	}
	return endpoints, nil
}

// OwnMember are etcdctl's flags in the pod of a member that kubeadm made: they
// ask that member, with the certificate for its liveness probe.
func OwnMember() []string {
	const pki = "/etc/kubernetes/pki/etcd/"
	return []string{"--endpoints=https://localhost:2379", "--cacert=" + pki + "ca.crt", "--cert=" + pki + "healthcheck-client.crt", "--key=" + pki + "healthcheck-client.key"}
}

// externalMembers asks every member that the API servers know, from the control plane on
// which a pod for that is ready. The pod has the keys in its environment.
func externalMembers(ctx context.Context, t *verify.Target) (endpoints []member, err error) {
	servers, err := etcdServers(ctx, t)
	if err != nil {
		return nil, err
	}
	clients, err := t.SystemPods(ctx, etcdClientSelector)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(clients, func(pod corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
	if at < 0 {
		return nil, verify.Unobservable(fmt.Errorf("none of %d pods %s runs, through which etcd is asked", len(clients), ClientComponent))
	}
	pod := kube.PodRef{Namespace: clients[at].Namespace, Name: clients[at].Name, Container: ClientComponent}
	for _, server := range servers {
		name := server
		if parsed, err := url.Parse(server); err == nil {
			name = parsed.Hostname()
		}
		endpoints = append(endpoints, member{name: name, pod: pod, flags: []string{"--endpoints=" + server}, quota: etcdDefaultQuota})
	}
	return endpoints, nil
}

// etcdServers are those that all API servers were told of.
func etcdServers(ctx context.Context, t *verify.Target) ([]string, error) {
	pods, err := t.Components(ctx, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	told := ""
	for _, pod := range pods {
		own := verify.FlagOf(pod, "--etcd-servers")
		switch {
		case own == "":
			return nil, verify.AboutNode(pod.Spec.NodeName, fmt.Errorf("%s was not told of etcd", pod.Name))
		case told != "" && own != told:
			return nil, errors.New("the API servers were told of different members of etcd: " + told + " and " + own)
		}
		told = own
	}
	return strings.Split(told, ","), nil
}
