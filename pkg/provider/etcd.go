package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// Holder returns one container of a cluster by its name, whatever its role.
func (d *Docker) Holder(cluster, name string) (Holder, error) {
	listed, err := silent().ListNodes(cluster)
	if err != nil {
		return Holder{}, err
	}
	for _, node := range listed {
		if node.String() == name {
			role, err := node.Role()
			return Holder{name, role, node}, err
		}
	}
	return Holder{}, fmt.Errorf("cluster %s has no container %s", cluster, name)
}

// EtcdImage is the image of etcd that goes with the node's Kubernetes, as its kubeadm
// knows.
func (h Holder) EtcdImage(ctx context.Context) (string, error) {
	version, err := h.said(ctx, "cat", "/kind/version")
	if err != nil {
		return "", err
	}
	images, err := h.said(ctx, "kubeadm", "config", "images", "list", "--kubernetes-version="+version)
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

// said is what a command in the node prints.
func (h Holder) said(ctx context.Context, command ...string) (string, error) {
	var out bytes.Buffer
	if err := h.node.CommandContext(ctx, command[0], command[1:]...).SetStdout(&out).Run(); err != nil {
		return "", fmt.Errorf("%s in %s: %w", command[0], h.Name, explain(err))
	}
	return strings.TrimSpace(out.String()), nil
}

// etcdRetry is how often a member is asked whether it is well, which cannot be
// watched.
const etcdRetry = 200 * time.Millisecond

// StartEtcd starts the node's kubelet, which has etcd's manifest, and waits until the
// member answers with a quorum behind it. Every node image has kubectl, which asks.
func (h Holder) StartEtcd(ctx context.Context) error {
	for _, command := range []string{"daemon-reload", "start kubelet"} {
		if _, err := h.said(ctx, append([]string{"systemctl"}, strings.Fields(command)...)...); err != nil {
			return err
		}
	}
	const keys = "/etc/kubernetes/pki/etcd/"
	for {
		_, err := h.said(ctx, "kubectl", "get", "--raw=/health", "--server=https://127.0.0.1:2379", "--request-timeout=2s",
			"--certificate-authority="+keys+"ca.crt", "--client-certificate="+keys+"healthcheck-client.crt", "--client-key="+keys+"healthcheck-client.key")
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

// ContainersApart are those of an external etcd, which kind does not make.
func ContainersApart(names []string, image string) (planned []Planned) {
	for _, name := range names {
		planned = append(planned, Planned{Name: name, Role: constants.ExternalEtcdNodeRoleValue, Image: image})
	}
	return planned
}
