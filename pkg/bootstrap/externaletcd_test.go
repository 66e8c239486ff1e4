package bootstrap

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/provider"
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
	up := &Up{Config: Config{Topology: clusters.Topology{Name: "lab", Etcd: clusters.ExternalEtcd}}, etcdImage: "etcd:1"}
	files, err := up.etcdMemberFiles(ca, "lab-external-etcd")
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(files, func(f provider.File) bool { return f.Path == etcdKeys+"ca.key" }) {
		t.Error("a member gets the key of the authority")
	}
	client, err := ca.issue(apiServerKeys, "kube-apiserver-etcd-client", nil, x509.ExtKeyUsageClientAuth)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, client...)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(contentOf(t, files, etcdKeys+"ca.crt"))
	for _, path := range []string{etcdKeys + "server", etcdKeys + "peer"} {
		leaf := certificateOf(t, files, path)
		for _, host := range []string{"lab-external-etcd", "localhost", "127.0.0.1"} {
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
				t.Errorf("%s does not serve %s: %v", path, host, err)
			}
		}
	}
	for _, path := range []string{etcdKeys + "peer", etcdKeys + "healthcheck-client", apiServerKeys} {
		if _, err := certificateOf(t, files, path).Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
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

func TestQuorumLost(t *testing.T) {
	cluster := func(states ...string) provider.Inventory {
		found := provider.Inventory{Cluster: "lab", Nodes: []*provider.Node{{Name: "lab-worker", Role: "worker", State: "exited"}}}
		for i, state := range states {
			found.Nodes = append(found.Nodes, &provider.Node{Name: provider.NodeName("lab", "control-plane", i+1), Role: "control-plane", State: state})
		}
		return found
	}
	external := cluster("running")
	for i, state := range []string{"exited", "exited", "running"} {
		external.Nodes = append(external.Nodes, &provider.Node{Name: provider.NodeName("lab", "external-etcd", i+1), Role: "external-etcd", State: state})
	}
	for _, tt := range []struct {
		name  string
		found provider.Inventory
		want  string
	}{
		{"all run", cluster("running", "running", "running"), ""},
		{"one of three", cluster("running", "exited", "running"), ""},
		{"two of three", cluster("running", "exited", "paused"), "1 of 3 members run, and a quorum is 2; these do not: lab-control-plane2, lab-control-plane3"},
		{"the only one", cluster("exited"), "0 of 1 members run"},
		{"two of three that are external", external, "these do not: lab-external-etcd, lab-external-etcd2"},
		{"no cluster", provider.Inventory{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := quorumLost(tt.found)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
