package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/kube"
)

const groupProxy = "proxy"

const (
	proxyName        = "kube-proxy"
	proxySelector    = "k8s-app=" + proxyName
	proxyMetricsPort = 10249
	proxyConfigKey   = "config.conf"
	// defaultProxyMode is what an empty mode means on Linux.
	defaultProxyMode = "iptables"
)

func proxyChecks() []Check {
	return []Check{{
		ID: "proxy.mode", Nodes: AllNodes, Group: groupProxy, Title: "kube-proxy runs on every node in the configured mode",
		Proves:  "The mode for which the cluster was made, the one in the ConfigMap, where there is one, and the one that the kube-proxy of every node names at /proxyMode are the same. kube-proxy reads its configuration only when it starts.",
		Rights:  rights(rightsOfNodes, rightsOfSystemPods, rightsOfForwards, []string{"get configmaps@kube-system"}),
		Hint:    "kubectl -n kube-system get configmap kube-proxy -o yaml | grep mode; kubectl -n kube-system rollout restart daemonset kube-proxy",
		Needs:   []string{"kubelet.alive"},
		Timeout: 12 * time.Second,
		Differs: "The DaemonSet was deleted, as CNIs that replace kube-proxy want it, or all of kube-proxy runs in another mode than the cluster was made with.",
		Skip:    madeWithoutProxy,
		Run:     proxyMode,
	}, proxyHealthCheck()}
}

func madeWithoutProxy(t *Target) string {
	if t.proxyGone {
		return "" // which is for the check to report
	}
	return withoutProxy(t)
}

// proxyMode compares what was asked for, what is configured, and what the
// kube-proxy of every node says it does. kube-proxy reads its configuration
// when it starts, so the last two differ until it is restarted.
func proxyMode(ctx context.Context, t *Target) (Evidence, error) {
	if t.proxyGone {
		return nil, Differs("gone", "on a control plane: kubeadm init phase addon kube-proxy --config /kind/kubeadm.conf",
			fmt.Errorf("there is no DaemonSet %s/%s, and the cluster was made with mode %s", systemNamespace, proxyName, t.Expect.ProxyMode))
	}
	configured, err := configuredProxyMode(ctx, t.Kube)
	if err != nil {
		return nil, err
	}
	var changed error
	switch configured {
	case t.Expect.ProxyMode:
	case "": // nobody tells: what the others do is to be the same
		configured = t.Expect.ProxyMode
	default:
		changed = Differs("mode."+configured, "set mode: "+t.Expect.ProxyMode+" with kubectl -n kube-system edit configmap kube-proxy, then: kubectl -n kube-system rollout restart daemonset kube-proxy",
			fmt.Errorf("ConfigMap %s/%s says mode %s, the cluster was made with %s", systemNamespace, proxyName, configured, t.Expect.ProxyMode))
	}
	evidence, err := t.eachProxy(ctx, func(ctx context.Context, pod corev1.Pod) (string, error) {
		running, err := t.runningProxyMode(ctx, pod)
		if err != nil {
			return "", err
		}
		if running != configured {
			return "", fmt.Errorf("kube-proxy runs in mode %s, configured is %s", running, configured)
		}
		return fmt.Sprintf("kube-proxy runs in mode %s, as configured", running), nil
	})
	if configured == "ipvs" {
		evidence = append(evidence, "WARNING: Kubernetes has deprecated the mode ipvs")
	}
	return Judged(evidence, errors.Join(changed, err))
}

// onlyPodOn returns the one ready pod on a node.
func onlyPodOn(node string, pods []corev1.Pod) (corev1.Pod, error) {
	var here []corev1.Pod
	for _, pod := range pods {
		if pod.Spec.NodeName == node && pod.DeletionTimestamp == nil {
			here = append(here, pod)
		}
	}
	if len(here) != 1 {
		return corev1.Pod{}, OnNode(node, fmt.Errorf("%d kube-proxy pods, expected 1", len(here)))
	}
	if reason := podNotReady(&here[0]); reason != "" {
		return corev1.Pod{}, OnNode(node, fmt.Errorf("%s is not ready: %s", here[0].Name, reason))
	}
	return here[0], nil
}

// runningProxyMode asks one of this cluster's kube-proxies.
func (t *Target) runningProxyMode(ctx context.Context, pod corev1.Pod) (string, error) {
	return proxyModeOf(ctx, t.Pods, pod)
}

// proxyModeOf reaches the metrics address, which is the node's loopback.
func proxyModeOf(ctx context.Context, pods interface {
	GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error)
}, pod corev1.Pod) (string, error) {
	status, body, err := pods.GetPod(ctx, pod.Namespace, pod.Name, proxyMetricsPort, "/proxyMode")
	mode := strings.TrimSpace(string(body))
	switch {
	case err != nil:
		return "", fmt.Errorf("/proxyMode: %w", err)
	case status != http.StatusOK || mode == "":
		return "", fmt.Errorf("/proxyMode answers %d: %q", status, mode)
	}
	return mode, nil
}

// configuredProxyMode reads the ConfigMap that kubeadm writes, and returns "" where
// there is none: clouds configure kube-proxy in ways of their own.
func configuredProxyMode(ctx context.Context, client *kube.Client) (string, error) {
	configuration, err := proxyConfigurationOf(ctx, client)
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

// proxyConfigurationOf reads the ConfigMap that kubeadm writes. Where there is none,
// the configuration is empty.
func proxyConfigurationOf(ctx context.Context, client *kube.Client) (configuration proxyConfiguration, err error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(systemNamespace).Get(ctx, proxyName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return configuration, nil
	}
	if err != nil {
		return configuration, fmt.Errorf("read ConfigMap %s/%s: %w", systemNamespace, proxyName, err)
	}
	if err := yaml.Unmarshal([]byte(found.Data[proxyConfigKey]), &configuration); err != nil {
		return configuration, fmt.Errorf("ConfigMap %s/%s: config.conf: %w", systemNamespace, proxyName, err)
	}
	return configuration, nil
}
