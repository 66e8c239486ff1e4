package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// settleTimeout bounds the wait for a namespace that is being removed.
const settleTimeout = 30 * time.Second

// Settled waits until the namespaces of verifications that have ended are gone. Those that
// remain after half a minute are no error; the message names them.
func Settled(ctx context.Context, client *kube.Client) (message string, err error) {
	bounded, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	namespaces := client.Clientset.CoreV1().Namespaces()
	source := kube.ListWatch(namespaces.List, namespaces.Watch, metav1.ListOptions{})
	err = kube.UntilAll(bounded, source, func(seen []*corev1.Namespace) error {
		for _, namespace := range seen {
			if strings.HasPrefix(namespace.Name, probe.NamespacePrefix) && namespace.DeletionTimestamp != nil {
				return fmt.Errorf("namespace %s is being removed", namespace.Name)
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return "not all: " + err.Error(), nil
	}
	return "", err
}
