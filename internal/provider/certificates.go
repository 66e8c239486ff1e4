package provider

import (
	"archive/tar"
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
)

// Where kubeadm and the kubelet keep certificates.
const (
	kubernetesDir = "/etc/kubernetes"
	kubeletKeys   = "/var/lib/kubelet/pki"
	// kubeletClient is a link to the certificate and key in use.
	kubeletClient = kubeletKeys + "/kubelet-client-current.pem"
	// kubeletServing is what a kubelet makes for itself when it is missing, with a
	// certificate in .crt and a key in .key.
	kubeletServing = kubeletKeys + "/kubelet"
)

// Certificate is one in a file of a node.
type Certificate struct {
	// Node is the container, File the path in it.
	Node, File string
	// NotAfter is when the certificate expires.
	NotAfter time.Time
	// IsCA says that others are signed with it.
	IsCA bool
}

// Kubelet says that a kubelet, not kubeadm, renews it.
func (c Certificate) Kubelet() bool { return strings.HasPrefix(c.File, kubeletKeys) }

// Certificates returns those in the containers of a cluster that are in use, sorted
// by node and file, whether the containers run or not.
func (c Cluster) Certificates(ctx context.Context) (found []Certificate, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		files := map[string]entry{}
		for _, dir := range []string{kubernetesDir, kubeletKeys} {
			tree, err := n.tree(ctx, dir)
			if err != nil {
				return nil, err
			}
			maps.Copy(files, tree)
		}
		found = append(found, certificatesIn(n.Name, files)...)
	}
	return found, nil
}

// certificatesIn reads certificates and kubeconfigs. Of the kubelet's many client
// certificates one is in use.
func certificatesIn(node string, files map[string]entry) (found []Certificate) {
	inUse := files[kubeletClient].header.Linkname
	if inUse != "" && !path.IsAbs(inUse) {
		inUse = path.Join(kubeletKeys, inUse)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name].header.Typeflag != tar.TypeReg {
			continue
		}
		content := files[name].content
		switch {
		case strings.HasPrefix(name, kubeletKeys) && name != inUse && name != kubeletServing+".crt" && name != kubeletClient:
			continue
		case strings.HasSuffix(name, ".conf"):
			config, err := clientcmd.Load(content)
			if err != nil {
				continue
			}
			for _, user := range config.AuthInfos {
				found = append(found, certificatesOf(node, name, user.ClientCertificateData)...)
			}
		case strings.HasSuffix(name, ".crt") || strings.HasSuffix(name, ".pem"):
			found = append(found, certificatesOf(node, name, content)...)
		}
	}
	return found
}

// certificatesOf is the first of a file, whose others are of its authorities.
func certificatesOf(node, file string, content []byte) []Certificate {
	parsed, err := cert.ParseCertsPEM(content)
	if err != nil || len(parsed) == 0 {
		return nil
	}
	return []Certificate{{node, file, parsed[0].NotAfter, parsed[0].IsCA}}
}

// CA returns the certificate and the key of the cluster's authority, of a control
// plane.
func (n *Node) CA(ctx context.Context) (certificate, key []byte, err error) {
	if certificate, err = n.ReadFile(ctx, kubernetesDir+"/pki/ca.crt"); err != nil {
		return nil, nil, err
	}
	key, err = n.ReadFile(ctx, kubernetesDir+"/pki/ca.key")
	return certificate, key, err
}

// RenewCertificates has kubeadm renew all certificates of a control plane that stand in
// /etc/kubernetes, and ends the components that hold old ones. The kubelet must be
// stopped meanwhile, and starts them again. kubeadm takes the periods and algorithms
// from the configuration that kind wrote; nodes that joined later have none.
func (n *Node) RenewCertificates(ctx context.Context) error {
	_, err := n.run(ctx, "sh", "-c", renewCertificates)
	return err
}

// renewCertificates knows kube-controller-manager by the 15 characters that Linux keeps.
const renewCertificates = `set -e
kubeadm certs renew all --config ` + kubeadmConfig + ` || kubeadm certs renew all
for name in kube-apiserver kube-controller kube-scheduler etcd; do
  for found in $(grep -lsx "$name" /proc/[0-9]*/comm || true); do pid=${found#/proc/}; kill "${pid%/comm}" || true; done
done`

// StopKubelet and StartKubelet stop and start the node's kubelet; its pods go on.
func (n *Node) StopKubelet(ctx context.Context) error {
	_, err := n.run(ctx, "systemctl", "stop", "kubelet")
	return err
}

// StartKubelet starts the node's kubelet, also one that systemd has given up.
func (n *Node) StartKubelet(ctx context.Context) error {
	_, err := n.run(ctx, "sh", "-c", "systemctl reset-failed kubelet; systemctl start kubelet")
	return err
}

// UseKubeletClient makes a certificate with its key, in one file of PEM, the one with
// which the node's kubelet comes to the API. The kubelet keeps one file for each and a
// link to the latest.
func (n *Node) UseKubeletClient(ctx context.Context, pem []byte, now time.Time) error {
	file := kubeletKeys + "/kubelet-client-" + now.UTC().Format("2006-01-02-15-04-05") + ".pem"
	if err := n.WriteFiles(ctx, File{Path: file, Mode: 0o600, Content: pem}); err != nil {
		return err
	}
	_, err := n.run(ctx, "ln", "-sfn", file, kubeletClient)
	return err
}

// RemoveKubeletServing removes the certificate that the node's kubelet has made for
// itself. It makes another when it starts.
func (n *Node) RemoveKubeletServing(ctx context.Context) error {
	_, err := n.run(ctx, "rm", "-f", kubeletServing+".crt", kubeletServing+".key")
	return err
}
