package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify/checks/etcd"
)

// etcdMembers are those of the control planes, one on each, named as its node.
type etcdMembers struct{ client *kube.Client }

// etcdMember is one of etcd's own list.
type etcdMember struct {
	ID   uint64 `json:"ID"`
	Name string `json:"name"`
}

// pods returns etcd's pods, but for that of one node.
func (e etcdMembers) pods(ctx context.Context, but string) (found []corev1.Pod, err error) {
	pods, err := e.client.Clientset.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{LabelSelector: "component=etcd"})
	if err != nil {
		return nil, fmt.Errorf("list etcd's pods: %w", err)
	}
	for _, pod := range pods.Items {
		if pod.Spec.NodeName != but {
			found = append(found, pod)
		}
	}
	return found, nil
}

// ctl asks the pod's member.
func (e etcdMembers) ctl(ctx context.Context, pod corev1.Pod, arguments ...string) (string, error) {
	command := slices.Concat([]string{"etcdctl", "--write-out=json"}, etcd.OwnMember(), arguments)
	return e.client.Exec(ctx, kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: "etcd"}, command...)
}

// list returns the members that all agree on, as the pod knows them.
func (e etcdMembers) list(ctx context.Context, pod corev1.Pod) ([]etcdMember, error) {
	out, err := e.ctl(ctx, pod, "member", "list")
	if err != nil {
		return nil, fmt.Errorf("list etcd's members: %w", err)
	}
	var listed struct {
		Members []etcdMember `json:"members"`
	}
	if err := json.Unmarshal([]byte(out), &listed); err != nil {
		return nil, fmt.Errorf("list etcd's members: %w", err)
	}
	return listed.Members, nil
}

// healthy reports whether the pod's member answers with a quorum behind it.
func (e etcdMembers) healthy(ctx context.Context, pod corev1.Pod) bool {
	_, err := e.ctl(ctx, pod, "endpoint", "health")
	return err == nil
}

// remove takes the member of a node off the list, if it is on it.
func (e etcdMembers) remove(ctx context.Context, node string) error {
	pods, err := e.pods(ctx, node)
	if err != nil {
		return err
	}
	failures := []error{fmt.Errorf("no member of etcd could be asked to forget %s", node)}
	for _, pod := range pods {
		members, err := e.list(ctx, pod)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, each := range members {
			if each.Name == node {
				if _, err = e.ctl(ctx, pod, "member", "remove", fmt.Sprintf("%x", each.ID)); err != nil {
					return fmt.Errorf("remove etcd's member %s: %w", node, err)
				}
			}
		}
		return nil
	}
	return errors.Join(failures...)
}
