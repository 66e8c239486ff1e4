package provider

import (
	"context"
	"fmt"
	"strings"
)

// kubeadmConfig is where kind leaves a node's configuration for kubeadm (kind
// v0.33.0, pkg/cluster/internal/create/actions/config).
const kubeadmConfig = "/kind/kubeadm.conf"

// Init has kubeadm make a node the first control plane of its cluster, with kind's
// arguments (kind v0.33.0, pkg/cluster/internal/create/actions/kubeadminit).
func (d *Docker) Init(ctx context.Context, node string) error {
	return d.kubeadm(ctx, node, "init", "--config="+kubeadmConfig, "--skip-token-print", "--v=6")
}

// Join has kubeadm make a container a node of its cluster, with kind's arguments (kind
// v0.33.0, pkg/cluster/internal/create/actions/kubeadmjoin).
func (d *Docker) Join(ctx context.Context, node string) error {
	return d.kubeadm(ctx, node, "join", "--config="+kubeadmConfig, "--v=6")
}

func (d *Docker) kubeadm(ctx context.Context, node, command string, arguments ...string) error {
	output, code, err := d.Exec(ctx, node, append([]string{"kubeadm", command}, arguments...)...)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("kubeadm %s in %s: exit status %d\n  %s", command, node, code, strings.Join(lastLines(output), "\n  "))
	}
	return nil
}
