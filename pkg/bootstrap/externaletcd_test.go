package bootstrap

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/provider"
)

func TestEtcdPod(t *testing.T) {
	topology := clusters.Topology{Name: "lab", Etcd: clusters.ExternalEtcd}
	for _, fidelity := range []string{"fast", "production"} {
		topology.Fidelity = fidelity
		pod := etcdPod("lab-external-etcd2", "etcd:1", topology)
		command := strings.Join(pod.Spec.Containers[0].Command, " ")
		for _, want := range []string{
			"etcd --name=lab-external-etcd2 ", "--advertise-client-urls=https://lab-external-etcd2:2379", "--client-cert-auth=true", "--peer-client-cert-auth=true",
			"--initial-cluster=lab-external-etcd=https://lab-external-etcd:2380,lab-external-etcd2=https://lab-external-etcd2:2380,lab-external-etcd3=https://lab-external-etcd3:2380",
		} {
			if !strings.Contains(command, want) {
				t.Errorf("the command lacks %q: %s", want, command)
			}
		}
		if unsafe := strings.Contains(command, "unsafe-no-fsync"); unsafe != (fidelity == "fast") {
			t.Errorf("%s: the command is %s", fidelity, command)
		}
		if !pod.Spec.HostNetwork || pod.Spec.Containers[0].Image != "etcd:1" || len(pod.Spec.Volumes) != 2 {
			t.Errorf("the pod is %+v", pod.Spec)
		}
	}
}

// TestMembersTrustEachOther shakes hands with the keys that members and API servers
// get, as etcd does.
func TestMembersTrustEachOther(t *testing.T) {
	ca, err := newEtcdCA()
	if err != nil {
		t.Fatal(err)
	}
	up := &Up{Config: Config{Topology: clusters.Topology{Name: "lab", Etcd: clusters.ExternalEtcd}}}
	files, err := (&externalEtcd{up, ca, "etcd:1"}).memberFiles("lab-external-etcd")
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(files, func(f provider.File) bool { return f.Path == kubeadm.EtcdKeys+"ca.key" }) {
		t.Error("a member gets the key of the authority")
	}
	client, err := ca.issue(kubeadm.APIServerEtcdClient, "kube-apiserver-etcd-client", nil, x509.ExtKeyUsageClientAuth)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, client...)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(contentOf(t, files, kubeadm.EtcdKeys+"ca.crt"))
	for _, path := range []string{kubeadm.EtcdKeys + "server", kubeadm.EtcdKeys + "peer"} {
		leaf := certificateOf(t, files, path)
		for _, host := range []string{"lab-external-etcd", "localhost", "127.0.0.1"} {
			options := x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
			if _, err := leaf.Verify(options); err != nil {
				t.Errorf("%s does not serve %s: %v", path, host, err)
			}
		}
	}
	for _, path := range []string{kubeadm.EtcdKeys + "peer", kubeadm.EtcdKeys + "healthcheck-client", kubeadm.APIServerEtcdClient} {
		options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := certificateOf(t, files, path).Verify(options); err != nil {
			t.Errorf("%s is no client's: %v", path, err)
		}
	}
}

func contentOf(t *testing.T, files []provider.File, path string) []byte {
	t.Helper()
	at := slices.IndexFunc(files, func(f provider.File) bool { return f.Path == path })
	if at < 0 {
		t.Fatalf("there is no %s", path)
	}
	return files[at].Content
}

// certificateOf reads a pair, which must belong together.
func certificateOf(t *testing.T, files []provider.File, path string) *x509.Certificate {
	t.Helper()
	certificate, key := contentOf(t, files, path+".crt"), contentOf(t, files, path+".key")
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	block, _ := pem.Decode(certificate)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
