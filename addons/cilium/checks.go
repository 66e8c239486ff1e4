package cilium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
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
			Timeout: 45 * time.Second, Run: operator,
			Hint: "look at the operator: kubectl -n kube-system describe deployment cilium-operator; kubectl -n kube-system logs deployment/cilium-operator",
		},
		{
			ID: "cil.agents", Group: group, Title: "Cilium's agent is well on every node, its controllers and endpoints too",
			Timeout: 60 * time.Second, Run: agents,
			Hint: "look at the agent named: kubectl -n kube-system exec POD -c cilium-agent -- cilium-dbg status --verbose",
		},
		{
			ID: "cil.ipam", Group: group, Title: "Pod addresses are unique and in their own node's range",
			Timeout: 30 * time.Second, Run: addresses,
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
	if have := deployment.Status.AvailableReplicas; have < want || want == 0 {
		return nil, fmt.Errorf("%d of %d replicas are available", have, want)
	}
	return verify.Evidence{fmt.Sprintf("%d of %d replicas are available", deployment.Status.AvailableReplicas, want)}, nil
}

// agentPods returns the agent's pods and wants one running on each node.
func agentPods(ctx context.Context, t *verify.Target) ([]corev1.Pod, error) {
	pods, err := t.Kube.Clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list the agents: %w", err)
	}
	running := slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return pod.Status.Phase != corev1.PodRunning })
	if len(running) != t.Expect.Nodes() {
		return nil, fmt.Errorf("the agent runs on %d nodes, want %d", len(running), t.Expect.Nodes())
	}
	return running, nil
}

// onEveryAgent runs a command in every agent and judges what each one printed.
func onEveryAgent(ctx context.Context, t *verify.Target, judge func(out string) (problem, seen string), command ...string) (verify.Evidence, error) {
	pods, err := agentPods(ctx, t)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var evidence verify.Evidence
	var broken []string
	var all errgroup.Group
	for _, pod := range pods {
		all.Go(func() error {
			out, err := t.Kube.Exec(ctx, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: container}, command...)
			var problem, seen string
			if err != nil {
				problem = err.Error()
			} else {
				problem, seen = judge(out)
			}
			mu.Lock()
			defer mu.Unlock()
			if problem != "" {
				broken = append(broken, pod.Spec.NodeName+": "+problem)
			} else {
				evidence = append(evidence, pod.Spec.NodeName+": "+seen)
			}
			return nil
		})
	}
	_ = all.Wait()
	slices.Sort(evidence)
	if len(broken) > 0 {
		slices.Sort(broken)
		return evidence, errors.New(strings.Join(broken, "\n"))
	}
	return evidence, nil
}

func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return onEveryAgent(ctx, t, judgeStatus, "cilium-dbg", "status", "-o", "json")
}

func replacement(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	_, err := t.Kube.Clientset.AppsV1().DaemonSets(namespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
	if err == nil {
		return nil, errors.New("there is a DaemonSet kube-proxy")
	}
	if !apierrors.IsNotFound(err) {
		return nil, verify.Unobservable(fmt.Errorf("get DaemonSet kube-proxy: %w", err))
	}
	evidence, err := onEveryAgent(ctx, t, judgeReplacement, "cilium-dbg", "status", "-o", "json")
	if err != nil {
		return evidence, err
	}
	rules, err := onEveryAgent(ctx, t, judgeRules, "iptables-save", "-t", "nat")
	return append(evidence, rules...), err
}

// status is what is needed of "cilium-dbg status -o json" (api/v1 of Cilium).
type status struct {
	Cilium      struct{ State, Msg string }
	Controllers []struct {
		Name   string
		Status struct {
			ConsecutiveFailureCount int    `json:"consecutive-failure-count"`
			LastFailureMessage      string `json:"last-failure-msg"`
		}
	}
	KubeProxyReplacement struct{ Mode string } `json:"kube-proxy-replacement"`
}

// steadyFailures is how often in a row a controller must have failed to count
// as broken; one failure is normal while a cluster settles.
const steadyFailures = 2

func judgeStatus(out string) (problem, seen string) {
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return "its status cannot be read: " + err.Error(), ""
	}
	if s.Cilium.State != "Ok" {
		return fmt.Sprintf("the agent is %s: %s", s.Cilium.State, s.Cilium.Msg), ""
	}
	for _, c := range s.Controllers {
		if c.Status.ConsecutiveFailureCount >= steadyFailures {
			return fmt.Sprintf("controller %s failed %d times: %s", c.Name, c.Status.ConsecutiveFailureCount, c.Status.LastFailureMessage), ""
		}
	}
	return "", fmt.Sprintf("the agent is Ok, %d controllers are well", len(s.Controllers))
}

func judgeReplacement(out string) (problem, seen string) {
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return "its status cannot be read: " + err.Error(), ""
	}
	if s.KubeProxyReplacement.Mode != "True" {
		return fmt.Sprintf("kube-proxy replacement is %q", s.KubeProxyReplacement.Mode), ""
	}
	return "", "kube-proxy replacement is True"
}

func judgeRules(out string) (problem, seen string) {
	if strings.Contains(out, "KUBE-SVC-") {
		return "iptables has rules of kube-proxy (KUBE-SVC-...)", ""
	}
	return "", "iptables has no rules of kube-proxy"
}
