package bootstrap

import (
	"crypto/rsa"
	"reflect"
	"testing"

	"k8s.io/client-go/util/keyutil"
)

// TestTokenKey reads the pair as kubeadm and API servers do.
func TestTokenKey(t *testing.T) {
	files, err := newTokenKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := keyutil.ParsePrivateKeyPEM(contentOf(t, files, tokenKey))
	if err != nil {
		t.Fatal(err)
	}
	key, is := private.(*rsa.PrivateKey)
	if !is || key.N.BitLen() != tokenKeyBits {
		t.Errorf("the key is a %T, want RSA of %d bits", private, tokenKeyBits)
	}
	public, err := keyutil.ParsePublicKeysPEM(contentOf(t, files, tokenPublicKey))
	if err != nil || len(public) != 1 || !reflect.DeepEqual(public[0], any(&key.PublicKey)) {
		t.Errorf("the public key does not belong to the private one: %v", err)
	}
}
