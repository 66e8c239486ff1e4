package kubeadm

import "github.com/kindctl/kindctl/pkg/verify/checks/etcd"

const (
	// EtcdKeys is the directory in which kubeadm has the keys of etcd.
	EtcdKeys = "/etc/kubernetes/pki/etcd/"
	// APIServerEtcdClient is the path, without its suffix, of the key and the certificate
	// with which API servers are clients of etcd.
	APIServerEtcdClient = "/etc/kubernetes/pki/apiserver-etcd-client"
	// EtcdClientManifest is the manifest of the pod in which people run etcdctl, on the
	// control planes of a cluster with an external etcd.
	EtcdClientManifest = "/etc/kubernetes/manifests/" + etcd.ClientComponent + ".yaml"
)
