package provider

import (
	"context"
	"errors"
	"fmt"
)

// kubeadmConfig is where kind leaves a node's configuration for kubeadm (kind
// v0.33.0, pkg/cluster/internal/create/actions/config).
const kubeadmConfig = "/kind/kubeadm.conf"

// Init has kubeadm make a node the first control plane of its cluster, with kind's
// arguments (kind v0.33.0, pkg/cluster/internal/create/actions/kubeadminit).
func (n *Node) Init(ctx context.Context) error {
	return n.kubeadm(ctx, "init", "--config="+kubeadmConfig, "--skip-token-print", "--v=6")
}

// Join has kubeadm make a container a node of its cluster, with kind's arguments (kind
// v0.33.0, pkg/cluster/internal/create/actions/kubeadmjoin).
func (n *Node) Join(ctx context.Context) error {
	return n.kubeadm(ctx, "join", "--config="+kubeadmConfig, "--v=6")
}

func (n *Node) kubeadm(ctx context.Context, command string, arguments ...string) error {
	output, code, err := n.Exec(ctx, append([]string{"kubeadm", command}, arguments...)...)
	if err != nil {
		return err
	}
	if code != 0 {
		return errors.New(withLastLines(fmt.Sprintf("kubeadm %s in %s: exit status %d", command, n.Name, code), output))
	}
	return nil
}
