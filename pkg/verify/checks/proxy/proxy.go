// Package proxy checks kube-proxy and the rules that it writes into the nodes' kernels.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

const groupProxy = "proxy"

// Checks returns the checks of kube-proxy and its rules.
func Checks() []verify.Check {
	return slices.Concat(proxyChecks(), proxyRuleChecks())
}

func proxyChecks() []verify.Check {
	return []verify.Check{{
		ID: "proxy.mode", Nodes: verify.AllNodes, Group: groupProxy, Title: "kube-proxy runs on every node in the configured mode",
		Proves: "Three modes must agree: the one the cluster was created with, the one in the ConfigMap if there is one, and the one that kube-proxy on every node reports at `/proxyMode`. kube-proxy reads its configuration only when it starts.",
		Rights: verify.JoinRights(
			verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"get configmaps@kube-system"},
		),
		Hint:    "kubectl -n kube-system get configmap kube-proxy -o yaml | grep mode; kubectl -n kube-system rollout restart daemonset kube-proxy",
		Needs:   []string{"kubelet.alive"},
		Timeout: 12 * time.Second,
		Differs: "The DaemonSet was deleted, as required by CNIs that replace kube-proxy, or kube-proxy runs on all nodes in another mode than the cluster was created with.",
		Skip:    madeWithoutProxy,
		Run:     proxyMode,
	}, proxyHealthCheck()}
}

func madeWithoutProxy(t *verify.Target) string {
	if t.ProxyGone() {
		return "" // which is for the check to report
	}
	return verify.WithoutProxy(t)
}

// proxyMode compares what was asked for, what is configured, and what the
// kube-proxy of every node says it does. kube-proxy reads its configuration
// when it starts, so the last two differ until it is restarted.
func proxyMode(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if t.ProxyGone() {
		return nil, verify.Differs("gone", "on a control plane: kubeadm init phase addon kube-proxy --config /kind/kubeadm.conf",
			fmt.Errorf("there is no DaemonSet %s/%s, and the cluster was made with mode %s", verify.SystemNamespace, verify.ProxyName, t.Expect.ProxyMode))
	}
	configured, err := verify.ConfiguredProxyMode(ctx, t.Kube)
	if err != nil {
		return nil, err
	}
	var changed error
	switch configured {
	case t.Expect.ProxyMode:
	case "": // no one tells: what the others do is to be the same
		configured = t.Expect.ProxyMode
	default:
		changed = verify.Differs("mode."+configured, "set mode: "+t.Expect.ProxyMode+" with kubectl -n kube-system edit configmap kube-proxy, then: kubectl -n kube-system rollout restart daemonset kube-proxy",
			fmt.Errorf("ConfigMap %s/%s says mode %s, the cluster was made with %s", verify.SystemNamespace, verify.ProxyName, configured, t.Expect.ProxyMode))
	}
	evidence, err := eachProxy(ctx, t, func(ctx context.Context, pod corev1.Pod) (string, error) {
		running, err := runningProxyMode(ctx, t, pod)
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
	return verify.Evaluated(evidence, errors.Join(changed, err))
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
		return corev1.Pod{}, verify.OnNode(node, fmt.Errorf("%d kube-proxy pods, expected 1", len(here)))
	}
	if reason := verify.PodNotReady(&here[0]); reason != "" {
		return corev1.Pod{}, verify.OnNode(node, fmt.Errorf("%s is not ready: %s", here[0].Name, reason))
	}
	return here[0], nil
}

// runningProxyMode asks one of this cluster's kube-proxies.
func runningProxyMode(ctx context.Context, t *verify.Target, pod corev1.Pod) (string, error) {
	return verify.ProxyModeOf(ctx, t.Pods, pod)
}
