package verify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// etcdClientSelector finds the pods, one on each control plane, through which an
// etcd apart from the control planes is asked.
const etcdClientSelector = "component=" + EtcdClient

// EtcdClient is the name of these pods' component, of their container, and the
// beginning of their names.
const EtcdClient = "etcd-client"

// seat is from where a member of etcd is asked.
type seat struct {
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

func (s seat) onNode() string { return s.node }

// allSeats returns one for each member that is expected.
func (t *Target) allSeats(ctx context.Context) ([]seat, error) {
	seats, err := t.seats(ctx)
	if err != nil {
		return nil, err
	}
	things := "etcd pods"
	if t.Expect.EtcdApart {
		things = "members known to the API servers"
	}
	return seats, exactly(len(seats), t.Expect.EtcdMembers, things)
}

// seats returns one for each member that there is.
func (t *Target) seats(ctx context.Context) (seats []seat, err error) {
	if t.Expect.EtcdApart {
		return t.seatsApart(ctx)
	}
	pods, err := t.systemPods(ctx, etcdSelector)
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		seats = append(seats, seat{
			name: pod.Name, node: pod.Spec.NodeName, pod: kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: "etcd"}, quota: configuredQuota(pod),
			flags: OwnMember(),
		})
	}
	return seats, nil
}

// OwnMember are etcdctl's flags in the pod of a member that kubeadm made: they
// ask that member, with the certificate for its liveness probe.
func OwnMember() []string {
	const pki = "/etc/kubernetes/pki/etcd/"
	return []string{"--endpoints=https://localhost:2379", "--cacert=" + pki + "ca.crt", "--cert=" + pki + "healthcheck-client.crt", "--key=" + pki + "healthcheck-client.key"}
}

// seatsApart asks every member that the API servers know, from the control plane on
// which a pod for that is ready. The pod has the keys in its environment.
func (t *Target) seatsApart(ctx context.Context) (seats []seat, err error) {
	servers, err := t.etcdServers(ctx)
	if err != nil {
		return nil, err
	}
	clients, err := t.systemPods(ctx, etcdClientSelector)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(clients, func(pod corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
	if at < 0 {
		return nil, Unobservable(fmt.Errorf("none of %d pods %s runs, through which etcd is asked", len(clients), EtcdClient))
	}
	pod := kube.PodRef{Namespace: clients[at].Namespace, Name: clients[at].Name, Container: EtcdClient}
	for _, server := range servers {
		name := server
		if parsed, err := url.Parse(server); err == nil {
			name = parsed.Hostname()
		}
		seats = append(seats, seat{name: name, pod: pod, flags: []string{"--endpoints=" + server}, quota: etcdDefaultQuota})
	}
	return seats, nil
}

// etcdServers are those that all API servers were told of.
func (t *Target) etcdServers(ctx context.Context) ([]string, error) {
	pods, err := t.components(ctx, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	told := ""
	for _, pod := range pods {
		own := flagOf(pod, "--etcd-servers")
		switch {
		case own == "":
			return nil, AboutNode(pod.Spec.NodeName, fmt.Errorf("%s was not told of etcd", pod.Name))
		case told != "" && own != told:
			return nil, errors.New("the API servers were told of different members of etcd: " + told + " and " + own)
		}
		told = own
	}
	return strings.Split(told, ","), nil
}

// flagOf is the value of a flag in a pod's command, or "".
func flagOf(pod corev1.Pod, flag string) string {
	for _, container := range pod.Spec.Containers {
		for _, argument := range slices.Concat(container.Command, container.Args) {
			if value, is := strings.CutPrefix(argument, flag+"="); is {
				return value
			}
		}
	}
	return ""
}
