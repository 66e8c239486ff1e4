package kubeadm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	bootstrapapi "k8s.io/cluster-bootstrap/token/api"
	bootstraputil "k8s.io/cluster-bootstrap/token/util"

	"github.com/kindctl/kindctl/internal/kube"
)

const (
	// tokenTTL is how long a token is valid unless it is revoked.
	tokenTTL = 15 * time.Minute
	// bootstrappersGroup is the group that kubeadm lets join (kubeadm v1.37, constants).
	bootstrappersGroup = "system:bootstrappers:kubeadm:default-node-token"
	// revokeTimeout bounds the removal of a token.
	revokeTimeout = 5 * time.Second
)

// CreateToken creates a bootstrap token, and waits until the controller manager has signed
// cluster-info with it, which nodes read first.
func CreateToken(ctx context.Context, client *kube.Client) (token string, revoke func(), err error) {
	if token, err = bootstraputil.GenerateBootstrapToken(); err != nil {
		return "", nil, err
	}
	id, secret, _ := strings.Cut(token, ".")
	secrets := client.Clientset.CoreV1().Secrets(metav1.NamespaceSystem)
	name := bootstrapapi.BootstrapTokenSecretPrefix + id
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Type:       bootstrapapi.SecretTypeBootstrapToken,
		StringData: map[string]string{
			bootstrapapi.BootstrapTokenIDKey: id, bootstrapapi.BootstrapTokenSecretKey: secret,
			bootstrapapi.BootstrapTokenExpirationKey:       time.Now().Add(tokenTTL).UTC().Format(time.RFC3339),
			bootstrapapi.BootstrapTokenUsageSigningKey:     "true",
			bootstrapapi.BootstrapTokenUsageAuthentication: "true",
			bootstrapapi.BootstrapTokenExtraGroupsKey:      bootstrappersGroup,
			bootstrapapi.BootstrapTokenDescriptionKey:      "kindctl adds nodes",
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", nil, fmt.Errorf("make a token for nodes to join with: %w", err)
	}
	revoke = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
		defer cancel()
		_ = secrets.Delete(ctx, name, metav1.DeleteOptions{}) // it expires
	}
	maps := client.Clientset.CoreV1().ConfigMaps(metav1.NamespacePublic)
	bounded, cancel := context.WithTimeout(ctx, signatureTimeout)
	defer cancel()
	err = kube.Until(bounded, kube.ListWatch(maps.List, maps.Watch, kube.Named(bootstrapapi.ConfigMapClusterInfo)),
		func(info *corev1.ConfigMap) error {
			if info.Data[bootstrapapi.JWSSignatureKeyPrefix+id] == "" {
				return errors.New("the controller manager has not signed the token yet")
			}
			return nil
		})
	if err != nil {
		revoke()
		return "", nil, err
	}
	return token, revoke, nil
}

// signatureTimeout bounds the wait for the signature. kubeadm itself waits longer.
const signatureTimeout = 10 * time.Second

// WaitForClusterInfo waits until nodes can join: a node looks for the signature of
// its token in ConfigMap cluster-info, and when it comes too early, looks again
// after 5 s only (kubeadm v1.37, discovery/token).
func WaitForClusterInfo(ctx context.Context, client *kube.Client) {
	ctx, cancel := context.WithTimeout(ctx, signatureTimeout)
	defer cancel()
	maps := client.Clientset.CoreV1().ConfigMaps("kube-public")
	_ = kube.Until(ctx, kube.ListWatch(maps.List, maps.Watch, kube.Named("cluster-info")), signed) // nodes can join anyway, only later
}

// signed returns an error until the controller manager has signed the map.
func signed(info *corev1.ConfigMap) error {
	for key := range info.Data {
		if strings.HasPrefix(key, "jws-kubeconfig-") {
			return nil
		}
	}
	return errors.New("it is not signed yet")
}
