package cilium

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

const (
	group     = "cilium"
	selector  = "k8s-app=cilium"
	container = "cilium-agent"
)

// Checks prove that Cilium works.
func (a *Addon) Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "cil.operator", Group: group, Title: "Cilium's operator is available",
			Timeout: 30 * time.Second, Run: operator,
			Hint: "look at the operator: kubectl -n kube-system describe deployment cilium-operator; kubectl -n kube-system logs deployment/cilium-operator",
		},
		{
			ID: "cil.agents", Group: group, Title: "Cilium's agent is well on every node, its controllers and endpoints too",
			Timeout: 45 * time.Second, Run: agents,
			Hint: "look at the agent named: kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg status --verbose; kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg endpoint list",
		},
		{
			ID: "cil.ipam", Group: group, Title: "Pod addresses are unique and in their own node's range",
			Timeout: 20 * time.Second, Run: addresses,
			Hint: "look at the ranges: kubectl get nodes -o custom-columns=NAME:.metadata.name,CIDR:.spec.podCIDR; kubectl get pods -A -o wide",
		},
		{
			ID: "cil.kpr", Group: group, Title: "Cilium does kube-proxy's work on every node, and nothing of kube-proxy is left",
			Timeout: 30 * time.Second, Run: replacement,
			Skip: func(t *verify.Target) string {
				if t.Expect.ProxyMode != "none" {
					return "kube-proxy does the work (mode " + t.Expect.ProxyMode + ")"
				}
				return ""
			},
			Hint: "look at an agent's view: kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg status --verbose",
		},
	}
}

func operator(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	deployment, err := t.Kube.Clientset.AppsV1().Deployments(namespace).Get(ctx, "cilium-operator", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cilium-operator: %w", err)
	}
	want := int32(1)
	if deployment.Spec.Replicas != nil {
		want = *deployment.Spec.Replicas
	}
	have := deployment.Status.AvailableReplicas
	if have < want || want == 0 {
		return nil, fmt.Errorf("cilium-operator: %d of %d replicas are available", have, want)
	}
	return verify.Evidence{fmt.Sprintf("%d of %d replicas are available", have, want)}, nil
}

// question is a command for an agent, and what judges its answer.
type question struct {
	judge   func(out string) (seen string, err error)
	command []string
}

var (
	statusCommand   = []string{"cilium-dbg", "status", "-o", "json"}
	endpointCommand = []string{"cilium-dbg", "endpoint", "list", "-o", "json"}
	rulesCommand    = []string{"iptables-save", "-t", "nat"}
)

// ask puts questions to the agent of every node.
func ask(ctx context.Context, t *verify.Target, questions ...question) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	for _, q := range questions {
		seen, err := verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
			out, err := t.Pods.Exec(ctx, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: container}, q.command...)
			if err != nil {
				return "", err
			}
			return q.judge(out)
		})
		evidence = append(evidence, seen...)
		if err != nil {
			return evidence, err
		}
	}
	return evidence, nil
}

func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return ask(ctx, t, question{judgeStatus, statusCommand}, question{judgeEndpoints, endpointCommand})
}

func replacement(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	_, err := t.Kube.Clientset.AppsV1().DaemonSets(namespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
	if err == nil {
		return nil, errors.New("there is a DaemonSet kube-proxy")
	}
	if !apierrors.IsNotFound(err) {
		return nil, verify.Unobservable(fmt.Errorf("get DaemonSet kube-proxy: %w", err))
	}
	return ask(ctx, t, question{judgeReplacement, statusCommand}, question{judgeRules, rulesCommand})
}
