package calico

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// healthPort is Felix's health endpoint, on the node's loopback address.
const healthPort = 9099

// agents asks Felix on every node for its own view, and looks at the
// controllers. The kubelet asks the same, but takes a minute to believe it.
func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	evidence, err := verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		for _, path := range []string{"/liveness", "/readiness"} {
			status, body, err := t.Pods.GetPod(ctx, namespace, pod.Name, healthPort, path)
			if err != nil {
				return "", fmt.Errorf("%s: %w", path, err)
			}
			if status != http.StatusOK && status != http.StatusNoContent {
				return "", fmt.Errorf("%s answers %d: %s", path, status, strings.TrimSpace(string(body)))
			}
		}
		return "Felix is alive and ready", nil
	})
	seen, problem := controllersAvailable(ctx, t)
	return verify.Evaluated(append(evidence, seen...), errors.Join(err, problem))
}

func controllersAvailable(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	deployment, err := t.Kube.Clientset.AppsV1().Deployments(namespace).Get(ctx, controllers, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", controllers, err)
	}
	if deployment.Status.AvailableReplicas < 1 && t.AwaitsCloud() != "" {
		return verify.Evidence{controllers + " is not available: " + t.AwaitsCloud()}, nil
	}
	if deployment.Status.AvailableReplicas < 1 {
		return nil, fmt.Errorf("%s: no replica is available", controllers)
	}
	return verify.Evidence{controllers + " is available"}, nil
}

// chains begins the names of Felix's chains, in iptables and in nftables.
const chains = "cali-"

// tables says how to print what kube-proxy's rules lie beside. Felix chooses
// itself which of the two kinds of iptables it uses.
func tables(proxyMode string) (name string, commands [][]string) {
	if proxyMode == "nftables" {
		return "nftables", [][]string{{"nft", "list", "table", "ip", "calico"}}
	}
	return "iptables", [][]string{{"iptables-nft-save", "-t", "filter"}, {"iptables-legacy-save", "-t", "filter"}}
}

// backend looks for Felix's rules in the kernel tables that kube-proxy uses.
// Rules in other tables would be passed before or after kube-proxy's in an
// order that no one chose.
func backend(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	name, commands := tables(t.Expect.ProxyMode)
	return verify.Evaluated(verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		ref := kube.PodRef{Namespace: namespace, Name: pod.Name, Container: agent}
		for _, command := range commands {
			rules, err := t.Pods.Exec(ctx, ref, command...)
			if _, ran := errors.AsType[*kube.ExecError](err); err != nil && !ran { // it fails when there is no such table
				return "", err
			}
			if strings.Contains(rules, chains) {
				return "Felix has rules in " + name, nil
			}
		}
		return "", fmt.Errorf("no rules of Felix are in %s, where kube-proxy has its own", name)
	}))
}
