package lifecycle

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/kindctl/kindctl/internal/provider"
)

func TestKubeletCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "kubernetes"}, key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed, err := kubeletCertificate("lab-worker", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), keyPEM, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(signed, signed)
	if err != nil {
		t.Fatalf("a kubelet cannot use it: %v", err)
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	if _, err := parsed.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("the API server would not accept it: %v", err)
	}
	if parsed.Subject.CommonName != "system:node:lab-worker" || len(parsed.Subject.Organization) != 1 || parsed.Subject.Organization[0] != "system:nodes" {
		t.Errorf("it is for %v", parsed.Subject)
	}
	if left := parsed.NotAfter.Sub(now); left < 364*24*time.Hour || left > 366*24*time.Hour {
		t.Errorf("it is good for %v", left)
	}
}

func TestExpired(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	all := []provider.Certificate{
		{Node: "a", File: "/etc/kubernetes/pki/ca.crt", NotAfter: now.Add(time.Hour), IsCA: true},
		{Node: "a", File: "/etc/kubernetes/pki/apiserver.crt", NotAfter: now},
		{Node: "a", File: "/etc/kubernetes/admin.conf", NotAfter: now.Add(-time.Hour)},
		{Node: "b", File: "/var/lib/kubelet/pki/kubelet.crt", NotAfter: now.Add(-time.Minute)},
		{Node: "b", File: "/var/lib/kubelet/pki/kubelet-client-1.pem", NotAfter: now.Add(-time.Minute)},
	}
	ended := expired(all, now)
	if len(ended) != 4 || len(authoritiesOf(ended)) > 0 || len(of(ended, "b")) != 2 {
		t.Errorf("expired are %v", ended)
	}
	if text := listed(ended); !strings.Contains(text, "/etc/kubernetes/pki/apiserver.crt in a on 2026-03-01 12:00:00") || !strings.HasSuffix(text, "and 1 more") {
		t.Errorf("they are listed as %q", text)
	}
	if authorities := authoritiesOf(expired(all, now.Add(time.Hour))); len(authorities) != 1 {
		t.Errorf("authorities that expired are %v", authorities)
	}
}
