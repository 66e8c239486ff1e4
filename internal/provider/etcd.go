package provider

import (
	"context"
	"errors"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// EtcdImage is the image of etcd that goes with the node's Kubernetes, as its kubeadm
// knows.
func (n *Node) EtcdImage(ctx context.Context) (string, error) {
	version, err := n.ReadFile(ctx, "/kind/version")
	if err != nil {
		return "", err
	}
	images, err := n.run(ctx, "kubeadm", "config", "images", "list", "--kubernetes-version="+strings.TrimSpace(string(version)))
	if err != nil {
		return "", err
	}
	for image := range strings.FieldsSeq(images) {
		if strings.Contains(image, "/etcd:") {
			return image, nil
		}
	}
	return "", errors.New("kubeadm names no image of etcd: " + images)
}

// etcdRetry is how often a member is asked whether it is well, which cannot be
// watched.
const etcdRetry = 200 * time.Millisecond

// StartEtcd starts the node's kubelet, which has etcd's manifest, and waits until the
// member answers with a quorum behind it. Every node image has kubectl, which asks.
func (n *Node) StartEtcd(ctx context.Context) error {
	for _, command := range []string{"daemon-reload", "start kubelet"} {
		if _, err := n.run(ctx, append([]string{"systemctl"}, strings.Fields(command)...)...); err != nil {
			return err
		}
	}
	const keys = "/etc/kubernetes/pki/etcd/"
	for {
		_, err := n.run(ctx, "kubectl", "get", "--raw=/health", "--server=https://127.0.0.1:2379", "--request-timeout=2s",
			"--certificate-authority="+keys+"ca.crt", "--client-certificate="+keys+"healthcheck-client.crt",
			"--client-key="+keys+"healthcheck-client.key")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(etcdRetry):
		}
	}
}

// ExternalEtcd are those of an external etcd, which kind does not make.
func ExternalEtcd(names []string, image string) (planned []PlannedNode) {
	for _, name := range names {
		planned = append(planned, PlannedNode{Name: name, Role: constants.ExternalEtcdNodeRoleValue, Image: image})
	}
	return planned
}
