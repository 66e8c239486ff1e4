// Package kindpatch applies patches of kubeadm's and containerd's configuration as
// kind does, and finds those that kind passes over without a word (kind v0.33.0,
// pkg/internal/patch and pkg/cluster/internal/kubeadm).
package kindpatch
