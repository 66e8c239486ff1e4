package bootstrap

import (
	"context"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// signatureTimeout bounds the wait for the signature. kubeadm itself waits longer.
const signatureTimeout = 10 * time.Second

// waitForClusterInfo waits until nodes can join: a node looks for the signature of
// its token in ConfigMap cluster-info, and when it comes too early, looks again
// after 5 s only (kubeadm v1.37, discovery/token).
func waitForClusterInfo(ctx context.Context, client *kube.Client) {
	ctx, cancel := context.WithTimeout(ctx, signatureTimeout)
	defer cancel()
	maps := client.Clientset.CoreV1().ConfigMaps("kube-public")
	_ = kube.Until(ctx, kube.ListWatch(maps.List, maps.Watch, kube.Named("cluster-info")), signed) // nodes join all the same
}

// signed tells whether the controller manager has signed the map.
func signed(info *corev1.ConfigMap) error {
	for key := range info.Data {
		if strings.HasPrefix(key, "jws-kubeconfig-") {
			return nil
		}
	}
	return errors.New("it is not signed yet")
}
