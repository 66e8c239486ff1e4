package lifecycle

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// CertificatesExpired returns an error with advice when certificates of a cluster on
// this host have expired, and nil when that is not known.
func CertificatesExpired(ctx context.Context, cluster provider.Cluster) error {
	found, err := cluster.Certificates(ctx)
	if err != nil {
		return nil
	}
	ended := expired(found, time.Now())
	if len(ended) == 0 {
		return nil
	}
	if authorities := authoritiesOf(ended); len(authorities) > 0 {
		return authorityExpired(cluster.Name, authorities)
	}
	return hint.CertificatesExpired.New(fmt.Sprintf("certificates of cluster %s have expired: %s", cluster.Name, listed(ended)),
		"renew them: kindctl start -n "+cluster.Name)
}

func authorityExpired(name string, ended []provider.Certificate) error {
	return hint.AuthorityExpired.New(fmt.Sprintf("certificate authorities of cluster %s have expired: %s", name, listed(ended)),
		fmt.Sprintf("everything in the cluster trusts them, so make it again: kindctl down -n %s", name))
}

// expired are those of the certificates that have ended.
func expired(found []provider.Certificate, now time.Time) (ended []provider.Certificate) {
	for _, certificate := range found {
		if !now.Before(certificate.NotAfter) {
			ended = append(ended, certificate)
		}
	}
	return ended
}

func authoritiesOf(ended []provider.Certificate) (authorities []provider.Certificate) {
	for _, certificate := range ended {
		if certificate.IsCA {
			authorities = append(authorities, certificate)
		}
	}
	return authorities
}

// listedCertificates are how many certificates an error names.
const listedCertificates = 3

func listed(ended []provider.Certificate) string {
	var names []string
	for i, c := range ended {
		if i == listedCertificates {
			names = append(names, fmt.Sprintf("and %d more", len(ended)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s in %s on %s", c.File, c.Node, c.NotAfter.UTC().Format(time.DateTime)))
	}
	return strings.Join(names, ", ")
}

// renew renews the certificates of nodes on which one has expired. The API would not be
// reachable, and no kubelet could renew its own.
func (s *Start) renew(ctx context.Context, span *event.Span) (string, error) {
	found, err := s.cluster().Certificates(ctx)
	if err != nil {
		return "", err
	}
	ended := expired(found, time.Now())
	if len(ended) == 0 {
		return "none has", nil
	}
	if authorities := authoritiesOf(ended); len(authorities) > 0 {
		return "", authorityExpired(s.Name, authorities)
	}
	nodes, err := s.cluster().KubernetesNodes(ctx)
	if err != nil {
		return "", err
	}
	bounded, cancel := context.WithTimeout(ctx, s.WaitTimeout)
	defer cancel()
	var group errgroup.Group
	for _, node := range nodes {
		own := of(ended, node.Name)
		if len(own) == 0 {
			continue
		}
		span.Progress(node.Name, 0, 0)
		group.Go(func() error { return renewNode(bounded, node, nodes, own) })
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", hint.RenewalFailed.Wrap(err, "certificates have expired and could not be renewed: "+listed(ended),
			"look at them: docker exec "+s.Name+"-control-plane kubeadm certs check-expiration")
	}
	return fmt.Sprintf("%d had: %s", len(ended), listed(ended)), nil
}

// of are the certificates of one node.
func of(all []provider.Certificate, node string) (own []provider.Certificate) {
	for _, certificate := range all {
		if certificate.Node == node {
			own = append(own, certificate)
		}
	}
	return own
}

// renewNode renews what has expired on one node. Its kubelet stops, for it would start
// components that are ended with the certificates that they had.
func renewNode(ctx context.Context, node *provider.Node, all []*provider.Node, ended []provider.Certificate) error {
	if err := node.WaitForBoot(ctx); err != nil {
		return err
	}
	if err := node.StopKubelet(ctx); err != nil {
		return err
	}
	plane := node.Role == clusters.ControlPlane
	client, serving := false, false
	renewed := false
	for _, certificate := range ended {
		switch {
		case !certificate.Kubelet():
			renewed = plane
		case strings.HasSuffix(certificate.File, ".crt"):
			serving = true
		default:
			client = true
		}
	}
	var failures []error
	if renewed {
		failures = append(failures, node.RenewCertificates(ctx))
	}
	if serving {
		failures = append(failures, node.RemoveKubeletServing(ctx))
	}
	if client {
		failures = append(failures, renewKubelet(ctx, node, controlPlane(all)))
	}
	return errors.Join(append(failures, node.StartKubelet(ctx))...)
}

// controlPlane is the first of the control planes, nil if there is none.
func controlPlane(nodes []*provider.Node) *provider.Node {
	at := slices.IndexFunc(nodes, func(n *provider.Node) bool { return n.Role == clusters.ControlPlane })
	if at < 0 {
		return nil
	}
	return nodes[at]
}

// kubeletTime is how long a kubelet's new certificate is good; the kubelet renews it
// by itself in time. kubeadm's and Kubernetes' own period is the same.
const kubeletTime = 365 * 24 * time.Hour

// renewKubelet signs a kubelet's client certificate with the cluster's authority.
func renewKubelet(ctx context.Context, node, plane *provider.Node) error {
	if plane == nil {
		return fmt.Errorf("renew the certificate of the kubelet of %s: the cluster has no control plane", node.Name)
	}
	certificate, key, err := plane.CA(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	signed, err := kubeletCertificate(node.Name, certificate, key, now)
	if err != nil {
		return fmt.Errorf("sign the certificate of the kubelet of %s: %w", node.Name, err)
	}
	return node.UseKubeletClient(ctx, signed, now)
}

// kubeletCertificate is a key with a certificate of a node, in PEM, signed with an
// authority that is in PEM.
func kubeletCertificate(node string, authority, authorityKey []byte, now time.Time) ([]byte, error) {
	signers, err := cert.ParseCertsPEM(authority)
	if err != nil {
		return nil, err
	}
	parsed, err := keyutil.ParsePrivateKeyPEM(authorityKey)
	if err != nil {
		return nil, err
	}
	signer, is := parsed.(crypto.Signer)
	if !is {
		return nil, errors.New("the authority's key cannot sign")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	end := now.Add(kubeletTime)
	if signers[0].NotAfter.Before(end) {
		end = signers[0].NotAfter
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}},
		NotBefore: now.Add(-time.Minute), NotAfter: end, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, signers[0], key.Public(), signer)
	if err != nil {
		return nil, err
	}
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	return append(pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: raw}), encoded...), err
}
