package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const proxyHealthPort = 10256

func proxyHealthCheck() Check {
	return Check{
		ID: "proxy.health", Nodes: AllNodes, Group: groupProxy, Title: "kube-proxy reports healthy on every node",
		Proves:  "Every kube-proxy is asked on the port that cloud load balancers ask: it must have written its rules recently, and its node must not be marked for removal.",
		Hint:    "look at the node named and its kube-proxy: kubectl describe node NODE; kubectl -n kube-system logs POD",
		Needs:   []string{"kubelet.alive"},
		Rights:  rights(rightsOfNodes, rightsOfSystemPods, rightsOfForwards),
		Timeout: 12 * time.Second, Skip: withoutProxy, Run: proxyHealth,
	}
}

// withoutProxy is the reason to skip what asks kube-proxy.
func withoutProxy(t *Target) string {
	if t.Expect.ProxyMode == "none" {
		return "the cluster has no kube-proxy"
	}
	if t.proxyGone {
		return "the cluster has no kube-proxy any more"
	}
	return ""
}

func proxyHealth(ctx context.Context, t *Target) (Evidence, error) {
	return t.eachProxy(ctx, func(ctx context.Context, pod corev1.Pod) (string, error) {
		status, body, err := t.Pods.GetPod(ctx, pod.Namespace, pod.Name, proxyHealthPort, "/healthz")
		if err != nil {
			return "", fmt.Errorf("/healthz: %w", err)
		}
		if status != http.StatusOK {
			return "", fmt.Errorf("/healthz answers %d: %s", status, strings.TrimSpace(string(body)))
		}
		return "healthy", nil
	})
}

// eachProxy looks at the kube-proxy of every node, side by side.
func (t *Target) eachProxy(ctx context.Context, look func(context.Context, corev1.Pod) (string, error)) (Evidence, error) {
	nodes, err := t.nodes(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := t.systemPods(ctx, proxySelector)
	if err != nil {
		return nil, err
	}
	return Judged(Each(nodes, NodeName, func(node corev1.Node) (string, error) {
		pod, err := onlyPodOn(node.Name, pods)
		if err != nil {
			return "", err
		}
		ctx, cancel := answering(ctx)
		defer cancel()
		seen, err := look(ctx, pod)
		if err != nil {
			if ctx.Err() != nil {
				err = inTime(ctx, err)
			}
			return "", OnNode(node.Name, fmt.Errorf("%s: %w", pod.Name, err))
		}
		return node.Name + ": " + seen, nil
	}))
}

// inTime says of an error that came of a context's end what ended it.
func inTime(ctx context.Context, err error) error {
	if isUnobservable(err) {
		return Unobservable(context.Cause(ctx))
	}
	return context.Cause(ctx)
}
