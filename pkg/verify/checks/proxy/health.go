package proxy

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

const proxyHealthPort = 10256

func proxyHealthCheck() verify.Check {
	return verify.Check{
		ID: "proxy.health", Nodes: verify.AllNodes, Group: groupProxy, Title: "kube-proxy reports healthy on every node",
		Proves:  "Asks every kube-proxy on the port that cloud load balancers use. It must have synced its rules recently, and its node must not be about to be deleted.",
		Hint:    "look at the node named and its kube-proxy: kubectl describe node NODE; kubectl -n kube-system logs POD",
		Needs:   []string{"kubelet.alive"},
		Rights:  verify.JoinRights(verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfForwards),
		Timeout: 12 * time.Second, Skip: verify.WithoutProxy, Run: proxyHealth,
	}
}

func proxyHealth(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return eachProxy(ctx, t, func(ctx context.Context, pod corev1.Pod) (string, error) {
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
func eachProxy(ctx context.Context, t *verify.Target, look func(context.Context, corev1.Pod) (string, error)) (verify.Evidence, error) {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := t.SystemPods(ctx, verify.ProxySelector)
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.Each(nodes, verify.NodeName, func(node corev1.Node) (string, error) {
		pod, err := onlyPodOn(node.Name, pods)
		if err != nil {
			return "", err
		}
		ctx, cancel := verify.Answering(ctx)
		defer cancel()
		seen, err := look(ctx, pod)
		if err != nil {
			if ctx.Err() != nil {
				err = inTime(ctx, err)
			}
			return "", verify.OnNode(node.Name, fmt.Errorf("%s: %w", pod.Name, err))
		}
		return node.Name + ": " + seen, nil
	}))
}

// inTime says of an error that came of a context's end what ended it.
func inTime(ctx context.Context, err error) error {
	if verify.IsUnobservable(err) {
		return verify.Unobservable(context.Cause(ctx))
	}
	return context.Cause(ctx)
}
