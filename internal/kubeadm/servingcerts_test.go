package kubeadm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
)

// servingRequest is what a kubelet on lab-worker asks for, as changed.
func servingRequest(
	t *testing.T, name string, change func(*x509.CertificateRequest, *certificatesv1.CertificateSigningRequestSpec),
) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "system:node:lab-worker", Organization: []string{"system:nodes"}},
		DNSNames: []string{"lab-worker"}, IPAddresses: []net.IP{net.ParseIP("172.18.0.3")}}
	spec := certificatesv1.CertificateSigningRequestSpec{SignerName: certificatesv1.KubeletServingSignerName, Username: "system:node:lab-worker",
		Usages: []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageServerAuth}}
	if change != nil {
		change(template, &spec)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	spec.Request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	return &certificatesv1.CertificateSigningRequest{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
}

func labWorker() *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "lab-worker"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "172.18.0.3"}, {Type: corev1.NodeHostName, Address: "lab-worker"}}}}
}

func TestServingFor(t *testing.T) {
	type (
		request = x509.CertificateRequest
		spec    = certificatesv1.CertificateSigningRequestSpec
	)
	tests := map[string]struct {
		change func(*request, *spec)
		want   string
	}{
		"a kubelet's":       {nil, ""},
		"another's address": {func(r *request, _ *spec) { r.IPAddresses = append(r.IPAddresses, net.ParseIP("172.18.0.2")) }, "172.18.0.2 is no address of the node"},
		"another's name":    {func(r *request, _ *spec) { r.DNSNames = []string{"kubernetes.default"} }, "kubernetes.default is no address of the node"},
		"no address":        {func(r *request, _ *spec) { r.DNSNames, r.IPAddresses = nil, nil }, "it names no address"},
		"a URI":             {func(r *request, _ *spec) { r.URIs = []*url.URL{{Scheme: "spiffe", Host: "x"}} }, "a URI"},
		"another subject":   {func(r *request, _ *spec) { r.Subject.CommonName = "system:node:other" }, "its subject is"},
		"an administrator":  {func(r *request, _ *spec) { r.Subject.Organization = []string{"system:masters"} }, "its subject is"},
		"as a client":       {func(_ *request, s *spec) { s.Usages = append(s.Usages, certificatesv1.UsageClientAuth) }, `the usage "client auth"`},
		"another signer":    {func(_ *request, s *spec) { s.SignerName = certificatesv1.KubeAPIServerClientSignerName }, "the signer is"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := servingFor(servingRequest(t, "csr-a", test.change), labWorker())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestApproveServing has requests of a node, of a stranger, and one that comes later.
func TestApproveServing(t *testing.T) {
	stranger := servingRequest(t, "csr-stranger", func(_ *x509.CertificateRequest, s *certificatesv1.CertificateSigningRequestSpec) {
		s.Username = "system:node:elsewhere"
	})
	client := &kube.Client{Clientset: fake.NewClientset(labWorker(), servingRequest(t, "csr-a", nil), stranger)}
	warned := make(chan event.Event, 8)
	stop := ApproveServingCertificates(t.Context(), client, []string{"lab-control-plane", "lab-worker"}, event.Func(func(e event.Event) { warned <- e }))
	defer stop()
	requests := client.Clientset.CertificatesV1().CertificateSigningRequests()
	if e := <-warned; !strings.Contains(e.Message, "csr-stranger is by system:node:elsewhere, which is no node of this cluster") {
		t.Errorf("warned of %q", e.Message)
	}
	if _, err := requests.Create(t.Context(), servingRequest(t, "csr-b", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"csr-a", "csr-b"} {
		for {
			found, err := requests.Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Status.Conditions) == 1 && found.Status.Conditions[0].Type == certificatesv1.CertificateApproved {
				break
			}
			time.Sleep(time.Millisecond) // a fake cannot be watched for it without a race
		}
	}
	if found, err := requests.Get(t.Context(), "csr-stranger", metav1.GetOptions{}); err != nil || len(found.Status.Conditions) > 0 {
		t.Errorf("the stranger's: %+v, %v", found, err)
	}
}
