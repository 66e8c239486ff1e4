package calico

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// nodes answers for agents by pod name: their health, and what a command prints.
type nodes struct {
	verify.Pods
	health map[string]string // "" is well, "stopped" never answers
	rules  map[string]string // by pod and program
	input  func(text string) (string, error)
}

func (n nodes) GetPod(ctx context.Context, _, pod string, port int, path string) (int, []byte, error) {
	if port != 9099 {
		return 0, nil, fmt.Errorf("port %d is closed", port)
	}
	switch sick := n.health[pod]; {
	case sick == "stopped":
		<-ctx.Done()
		return 0, nil, ctx.Err()
	case sick != "" && path == "/readiness":
		return 503, []byte(sick), nil
	}
	return 204, nil, nil
}

func (n nodes) Exec(_ context.Context, pod kube.PodRef, command ...string) (string, error) {
	out, found := n.rules[pod.Name+" "+command[0]]
	if !found {
		return "", &kube.ExecError{Command: command, ExitCode: 1, Stderr: "No such file or directory"}
	}
	return out, nil
}

func (n nodes) ExecInput(_ context.Context, _ kube.PodRef, stdin io.Reader, _ ...string) (string, error) {
	text, err := io.ReadAll(stdin)
	if err != nil {
		return "", err
	}
	return n.input(string(text))
}

func target(mode string, pods nodes, available int32) *verify.Target {
	objects := []runtime.Object{&appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "calico-kube-controllers"}, Status: appsv1.DeploymentStatus{AvailableReplicas: available},
	}}
	for _, name := range []string{"w1", "w2"} {
		objects = append(objects,
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}},
			&corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "agent-" + name, Labels: map[string]string{"k8s-app": "calico-node"}},
				Spec:       corev1.PodSpec{NodeName: name}, Status: corev1.PodStatus{Phase: corev1.PodRunning},
			})
	}
	t := verify.NewTarget(
		&kube.Client{Clientset: fake.NewClientset(objects...)}, verify.Expectation{ControlPlanes: 1, Workers: 1, ProxyMode: mode},
	)
	t.Pods = pods
	return t
}

func TestAgents(t *testing.T) {
	tests := []struct {
		name      string
		health    map[string]string
		available int32
		want      string
	}{
		{"well", nil, 1, ""},
		{"one is stopped", map[string]string{"agent-w2": "stopped"}, 1, "w2: agent-w2: no answer within 8s"},
		{"one is not ready", map[string]string{"agent-w1": "no datastore"}, 1, "w1: agent-w1: /readiness answers 503: no datastore"},
		{"no controllers", nil, 0, "calico-kube-controllers: no replica is available"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			_, err := agents(t.Context(), target("iptables", nodes{health: tt.health}, tt.available))
			want(t, tt.name, err, tt.want)
		})
	}
}

func TestBackend(t *testing.T) {
	const own, foreign = ":cali-FORWARD - [0:0]", ":KUBE-FORWARD - [0:0]"
	tests := []struct {
		name, mode string
		rules      map[string]string
		want       string
	}{
		{"iptables", "iptables", map[string]string{"agent-w1 iptables-nft-save": own, "agent-w2 iptables-legacy-save": own}, ""},
		{"ipvs", "ipvs", map[string]string{"agent-w1 iptables-nft-save": own, "agent-w2 iptables-nft-save": own}, ""},
		{"nftables", "nftables", map[string]string{"agent-w1 nft": own, "agent-w2 nft": own}, ""},
		{"the wrong tables on one node", "iptables", map[string]string{"agent-w1 iptables-nft-save": own, "agent-w2 iptables-nft-save": foreign, "agent-w2 nft": own}, "w2: agent-w2: no rules of Felix are in iptables"},
		{"the wrong tables", "nftables", map[string]string{"agent-w1 iptables-nft-save": own, "agent-w2 nft": own}, "w1: agent-w1: no rules of Felix are in nftables"},
	}
	for _, tt := range tests {
		_, err := backend(t.Context(), target(tt.mode, nodes{rules: tt.rules}, 1))
		want(t, tt.name, err, tt.want)
	}
}

func want(t *testing.T, name string, err error, text string) {
	t.Helper()
	if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, want %q", name, err, text)
	}
}

// TestAgentsElsewhere: Calico's operator has them in calico-system. What asks them
// says so; the books are the same.
func TestAgentsElsewhere(t *testing.T) {
	cluster := &verify.Target{Expect: verify.Expectation{Workers: 2, CNI: "calico", CNINamespace: "calico-system"}}
	for _, check := range New(plugin.Options{}).Checks() {
		if asks := check.ID != "cal.ipam"; asks && (check.Skip == nil || !strings.Contains(check.Skip(cluster), "the agents of calico are in namespace calico-system")) {
			t.Errorf("%s is not skipped", check.ID)
		}
	}
	cluster.Expect.CNINamespace = namespace
	for _, check := range New(plugin.Options{}).Checks() {
		if check.Skip != nil && check.Skip(cluster) != "" {
			t.Errorf("%s is skipped: %s", check.ID, check.Skip(cluster))
		}
	}
}
