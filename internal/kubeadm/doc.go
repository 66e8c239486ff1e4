// Package kubeadm makes nodes part of a cluster: join tokens, keys that control planes
// share, kubeadm join, serving certificates of kubelets, and the labels and taints that
// neither kubeadm nor kind sets.
package kubeadm
