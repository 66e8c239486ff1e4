package dns

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// corefileMap is the ConfigMap that kubeadm keeps CoreDNS's configuration in.
const (
	corefileMap = "coredns"
	corefileKey = "Corefile"
)

// forwarders returns where CoreDNS sends names from outside of the cluster, and
// whether that is what kubeadm installed: the resolver of the pod's node.
func forwarders(ctx context.Context, t *verify.Target) (to []string, installed bool, err error) {
	found, err := t.Kube.Clientset.CoreV1().ConfigMaps(verify.SystemNamespace).Get(ctx, corefileMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) { // CoreDNS is configured in another way
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read ConfigMap %s/%s: %w", verify.SystemNamespace, corefileMap, err)
	}
	to = forwardersIn(found.Data[corefileKey])
	return to, slices.Equal(to, []string{"/etc/resolv.conf"}), nil
}

// forwardersIn reads the lines of the plugin forward that are for all names.
func forwardersIn(corefile string) (to []string) {
	for line := range strings.Lines(corefile) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), "{"))
		if len(words) > 2 && words[0] == "forward" && words[1] == "." {
			to = append(to, words[2:]...)
		}
	}
	return to
}
