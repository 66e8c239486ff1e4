package bootstrap

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"

	"k8s.io/client-go/util/keyutil"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// The key pair with which API servers sign and verify the tokens of ServiceAccounts.
// kubeadm keeps the pair that it finds (kubeadm v1.37, phases/certs), and the other
// control planes get it with the rest of what all of them share.
const (
	tokenKey       = "/etc/kubernetes/pki/sa.key"
	tokenPublicKey = "/etc/kubernetes/pki/sa.pub"
	// tokenKeyBits is kubeadm's default.
	tokenKeyBits = 2048
)

// generateTokenKey returns what places an RSA key for tokens on the first control plane.
// The key is generated meanwhile.
func (u *Up) generateTokenKey() (place func(context.Context) error) {
	if !u.Topology.PlacesTokenKey() {
		return func(context.Context) error { return nil }
	}
	generated := sync.OnceValues(newTokenKey)
	go func() { _, _ = generated() }()
	return func(ctx context.Context) error {
		first := u.first()
		files, err := generated()
		if err == nil {
			err = writeTokenKey(ctx, u.firstNode(), files)
		}
		if err != nil {
			return hint.TokenKeyFailed.Wrap(err, "the key that signs ServiceAccount tokens could not be placed",
				"run again with --retain and look: docker exec "+first+" ls -l /etc/kubernetes/pki")
		}
		return nil
	}
}

// writeTokenKey writes the key pair, unless the node has one, which the user has
// mounted.
func writeTokenKey(ctx context.Context, node *provider.Node, files []provider.File) error {
	for _, file := range files {
		if there, err := node.HasFile(ctx, file.Path); err != nil || there {
			return err
		}
	}
	return node.WriteFiles(ctx, files...)
}

// newTokenKey makes a key pair in the encodings that kubeadm uses.
func newTokenKey() ([]provider.File, error) {
	key, err := rsa.GenerateKey(rand.Reader, tokenKeyBits)
	if err != nil {
		return nil, err
	}
	return tokenKeyFiles(key)
}

func tokenKeyFiles(key crypto.Signer) ([]provider.File, error) {
	private, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return []provider.File{
		{Path: tokenKey, Mode: 0o600, Content: private},
		{Path: tokenPublicKey, Mode: 0o600, Content: pem.EncodeToMemory(&pem.Block{Type: keyutil.PublicKeyBlockType, Bytes: public})},
	}, nil
}
