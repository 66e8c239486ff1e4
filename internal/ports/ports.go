// Package ports has the ports at which components of a cluster are reached.
package ports

// APIServer is the API server's on a control plane and on the load balancer: kubeadm's
// default, and kind's (kind v0.33.0, pkg/cluster/internal/providers/common).
const APIServer = 6443
