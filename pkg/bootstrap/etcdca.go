package bootstrap

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/provider"
)

// etcdCA signs the certificates of an external etcd.
type etcdCA struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// certificateLifetime is how long they are good, as long as kubeadm's own of a CA.
const certificateLifetime = 10 * 365 * 24 * time.Hour

func newEtcdCA() (etcdCA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return etcdCA{}, err
	}
	certificate, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "etcd-ca"}, key)
	return etcdCA{key, certificate}, err
}

// files are the certificate and the key of the authority itself.
func (ca etcdCA) files() ([]provider.File, error) {
	return keyPairFiles(kubeadm.EtcdKeys+"ca", ca.certificate.Raw, ca.key)
}

// issue makes a key and a certificate for a member, or for a client of one,
// under a path without its end.
func (ca etcdCA) issue(path, name string, hosts []string, usages ...x509.ExtKeyUsage) ([]provider.File, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: hosts,
		NotBefore: ca.certificate.NotBefore, NotAfter: time.Now().Add(certificateLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: usages,
	}
	if len(hosts) > 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	return keyPairFiles(path, signed, key)
}

func keyPairFiles(path string, certificate []byte, key crypto.Signer) ([]provider.File, error) {
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	return []provider.File{
		{Path: path + ".crt", Mode: 0o644, Content: pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: certificate})},
		{Path: path + ".key", Mode: 0o600, Content: encoded},
	}, nil
}
