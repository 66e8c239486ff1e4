package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// kubeletPort serves the kubelet's API, over TLS.
const kubeletPort = 10250

// rightsOfKubeletConfigs go with configz.
var rightsOfKubeletConfigs = rights(rightsOfSystemPods, rightsOfForwards, []string{"get nodes/configz"})

// configz returns the configuration that a node's kubelet runs with. The API
// server fetches it for those who may get nodes/proxy. The others, who have
// little to lose, ask the kubelet with their own credentials.
func (t *Target) configz(ctx context.Context, node string) ([]byte, error) {
	body, refusal := t.Pods.GetKubelet(ctx, node, "configz")
	if refusal == nil || !apierrors.IsForbidden(refusal) {
		return body, refusal
	}
	pod, err := t.window(ctx, node)
	if err != nil {
		return nil, err
	}
	if pod == nil {
		return nil, refusal
	}
	ctx, cancel := answering(ctx)
	defer cancel()
	status, body, err := t.Pods.GetKubeletThrough(ctx, pod.Namespace, pod.Name, "/configz")
	switch {
	case err != nil:
		return nil, Unobservable(fmt.Errorf("kubelet: /configz: %w", err))
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, fmt.Errorf("%w; the kubelet itself wants nodes/configz: %d %s", refusal, status, strings.TrimSpace(string(body)))
	case status != http.StatusOK:
		return nil, fmt.Errorf("kubelet: /configz answers %d: %s", status, strings.TrimSpace(string(body)))
	}
	return body, nil
}
