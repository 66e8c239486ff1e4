package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// ProxyName is the name of kube-proxy, of its DaemonSet, ConfigMap and container.
const ProxyName = "kube-proxy"

// ProxySelector finds the pods of kube-proxy.
const ProxySelector = "k8s-app=" + ProxyName

// ProxyMetricsPort serves the metrics of kube-proxy, on the node's loopback address.
const ProxyMetricsPort = 10249

const proxyConfigKey = "config.conf"

const (
	// defaultProxyMode is what an empty mode means on Linux.
	defaultProxyMode = "iptables"
)

// ProxyModeOf reaches the metrics address, which is the node's loopback.
func ProxyModeOf(ctx context.Context, pods interface {
	GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error)
}, pod corev1.Pod) (string, error) {
	status, body, err := pods.GetPod(ctx, pod.Namespace, pod.Name, ProxyMetricsPort, "/proxyMode")
	mode := strings.TrimSpace(string(body))
	switch {
	case err != nil:
		return "", fmt.Errorf("/proxyMode: %w", err)
	case status != http.StatusOK || mode == "":
		return "", fmt.Errorf("/proxyMode answers %d: %q", status, mode)
	}
	return mode, nil
}

// ConfiguredProxyMode reads the ConfigMap that kubeadm writes, and returns "" where
// there is none: clouds configure kube-proxy in ways of their own.
func ConfiguredProxyMode(ctx context.Context, client *Client) (string, error) {
	configuration, err := ProxyConfigurationOf(ctx, client)
	if err == nil && configuration.Mode == "" && configuration.Kind != "" {
		return defaultProxyMode, nil
	}
	return configuration.Mode, err
}

// proxyConfiguration is what is needed of a KubeProxyConfiguration.
type proxyConfiguration struct {
	Kind string `json:"kind"`
	Mode string `json:"mode"`
	// NodePortAddresses are CIDRs of the addresses at which NodePorts are served, or
	// the word primary; none is all addresses, or the primary ones.
	NodePortAddresses []string `json:"nodePortAddresses"`
}

// ProxyConfigurationOf reads the ConfigMap that kubeadm writes. Where there is none,
// the configuration is empty.
func ProxyConfigurationOf(ctx context.Context, client *Client) (configuration proxyConfiguration, err error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(SystemNamespace).Get(ctx, ProxyName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return configuration, nil
	}
	if err != nil {
		return configuration, fmt.Errorf("read ConfigMap %s/%s: %w", SystemNamespace, ProxyName, err)
	}
	if err := yaml.Unmarshal([]byte(found.Data[proxyConfigKey]), &configuration); err != nil {
		return configuration, fmt.Errorf("ConfigMap %s/%s: config.conf: %w", SystemNamespace, ProxyName, err)
	}
	return configuration, nil
}
