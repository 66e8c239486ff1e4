package config

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/verify"
)

// RightsOfKubeletConfigs go with configz.
var RightsOfKubeletConfigs = verify.JoinRights(verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"get nodes/configz"})

// Configz returns the configuration that a node's kubelet runs with. The API
// server fetches it for those who may get nodes/proxy. The others, who have
// little to lose, ask the kubelet with their own credentials.
func Configz(ctx context.Context, t *verify.Target, node string) ([]byte, error) {
	body, refusal := t.Pods.GetKubelet(ctx, node, "configz")
	if refusal == nil || !apierrors.IsForbidden(refusal) {
		return body, refusal
	}
	pod, err := t.HostNetworkPod(ctx, node)
	if err != nil {
		return nil, err
	}
	if pod == nil {
		return nil, refusal
	}
	ctx, cancel := verify.Answering(ctx)
	defer cancel()
	status, body, err := t.Pods.GetKubeletThrough(ctx, pod.Namespace, pod.Name, "/configz")
	switch {
	case err != nil:
		return nil, verify.Unobservable(fmt.Errorf("kubelet: /configz: %w", err))
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, fmt.Errorf("%w; the kubelet itself wants nodes/configz: %d %s", refusal, status, strings.TrimSpace(string(body)))
	case status != http.StatusOK:
		return nil, fmt.Errorf("kubelet: /configz answers %d: %s", status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

// RunningSettings asks a node's kubelet for the settings that it runs with.
func RunningSettings(ctx context.Context, t *verify.Target, node corev1.Node) (NodeSettings, error) {
	body, err := Configz(ctx, t, node.Name)
	if err != nil {
		return NodeSettings{}, verify.OnNode(node.Name, err)
	}
	var answer struct {
		Kubelet map[string]any `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return NodeSettings{}, verify.OnNode(node.Name, fmt.Errorf("/configz: %w", err))
	}
	if len(answer.Kubelet) == 0 {
		return NodeSettings{}, verify.OnNode(node.Name, fmt.Errorf("/configz answers %d without a configuration", http.StatusOK))
	}
	return NodeSettings{node.Name, leaves(answer.Kubelet)}, nil
}

// SharedSettings reads what kubeadm gave to the nodes.
func SharedSettings(ctx context.Context, t *verify.Target) (Settings, error) {
	name := "ConfigMap " + verify.SystemNamespace + "/" + KubeletConfigMap
	found, err := t.Kube.Clientset.CoreV1().ConfigMaps(verify.SystemNamespace).Get(ctx, KubeletConfigMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && t.Expect.Discovered {
		return nil, verify.Inapplicable("there is no " + name + ", which kubeadm makes")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var configuration map[string]any
	if err := yaml.Unmarshal([]byte(found.Data[KubeletConfigKey]), &configuration); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", name, KubeletConfigKey, err)
	}
	if len(configuration) == 0 {
		return nil, fmt.Errorf("%s has no key %q", name, KubeletConfigKey)
	}
	return leaves(configuration), nil
}

// KubeletConfigMap is where kubeadm keeps what it gives to joining nodes.
const KubeletConfigMap = "kubelet-config"

// KubeletConfigKey is where kubeadm keeps what it gives to joining nodes.
const (
	KubeletConfigKey = "kubelet"
)
