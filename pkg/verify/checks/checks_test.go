package checks

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// TestHiddenComponents has a cluster with a node for the control plane and no pods of
// it, as k3s has.
func TestHiddenComponents(t *testing.T) {
	objects := []runtime.Object{verifytest.ReadyNode("cp1"), verifytest.ReadyNode("w1")}
	expect := verify.Expectation{ControlPlanes: 1, Workers: 1, ProxyMode: "none", Discovered: true}
	checks := byID()
	for _, made := range []bool{false, true} {
		expect.Discovered = !made
		target := targettest.New(expect, verifytest.Pods{}, objects...)
		target.Survey(context.Background())
		for _, id := range []string{"api.ready", "sched.leader", "kcm.leader"} {
			if reason := checks[id].Skip(target); (reason == "") != made {
				t.Errorf("%s, made by kindctl %v: skipped for %q", id, made, reason)
			}
		}
	}
	shown := targettest.New(
		verify.Expectation{ControlPlanes: 1, Discovered: true},
		verifytest.Pods{},
		verifytest.ReadyNode("cp1"),
		verifytest.ComponentPod("kube-scheduler", "cp1"),
	)
	shown.Survey(t.Context())
	if reason := checks["sched.leader"].Skip(shown); reason != "" {
		t.Errorf("a scheduler that is shown is skipped: %s", reason)
	}
}

func TestCoreIsValid(t *testing.T) {
	if err := verify.Validate(Core()); err != nil {
		t.Error(err)
	}
}

// TestWhatReachesIntoPodsNeedsKubelets: exec and port-forward go by way of the
// kubelet, so that one which hangs must be the only check that fails. etcd.quorum is
// there to say what the loss of a node means: the other members answer for it.
func TestWhatReachesIntoPodsNeedsKubelets(t *testing.T) {
	const kubelets, majority = "kubelet.alive", "etcd.quorum"
	byID := byID()
	through := 0
	for id, check := range byID {
		rights := strings.Join(check.Rights, " ")
		if id == kubelets || id == majority || !strings.Contains(rights, "pods/exec") && !strings.Contains(rights, "pods/portforward") {
			continue
		}
		through++
		if !leadsTo(byID, kubelets, check.Needs) {
			t.Errorf("%s reaches into pods and does not need %s", id, kubelets)
		}
	}
	if through == 0 {
		t.Error("no check reaches into pods")
	}
}

// TestWithoutNetwork: what sends packets is left out only where no node has a
// network, whatever is known of its CNI.
func TestWithoutNetwork(t *testing.T) {
	unready := func(name string, status corev1.ConditionStatus, message string) *corev1.Node {
		node := verifytest.ReadyNode(name)
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, Reason: "KubeletNotReady", Message: message}}
		return node
	}
	const containerd = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
	const crio = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/."
	const why = "no node has a pod network: no CNI is set up"
	tests := map[string]struct {
		cni   string
		nodes []runtime.Object
		want  string
	}{
		"no CNI": {
			"none",
			[]runtime.Object{unready("w1", corev1.ConditionFalse, containerd), unready("w2", corev1.ConditionFalse, crio)},
			why,
		},
		"an unknown one":          {"none", []runtime.Object{verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2")}, ""},
		"an unknown one, in part": {"none", []runtime.Object{verifytest.ReadyNode("w1"), unready("w2", corev1.ConditionFalse, containerd)}, ""},
		"unready otherwise":       {"none", []runtime.Object{unready("w1", corev1.ConditionFalse, "PLEG is not healthy")}, ""},
		"not heard of":            {"none", []runtime.Object{unready("w1", corev1.ConditionUnknown, "Kubelet stopped posting node status.")}, ""},
		"a known one that failed": {"calico", []runtime.Object{unready("w1", corev1.ConditionFalse, containerd)}, ""},
		"no nodes":                {"none", nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.New(verify.Expectation{Workers: 2, CNI: test.cni, ProxyMode: "iptables"}, verifytest.Pods{}, test.nodes...)
			ran := verify.Check{
				ID:    "ran",
				Title: "t",
				Skip:  verify.WithoutCNI,
				Run:   func(context.Context, *verify.Target) (verify.Evidence, error) { return nil, nil },
			}
			report := verify.Run(t.Context(), target, []verify.Check{ran}, verify.RunOptions{})
			if got := report.Results[0]; got.Cause != test.want || (got.Outcome == verify.Skip) != (test.want != "") {
				t.Errorf("%s: %q", got.Outcome, got.Cause)
			}
			for _, check := range Core() {
				if packets := slices.Contains([]string{"network", "service", "dns", "policy"}, check.Group); packets && test.want != "" {
					if check.Skip == nil || check.Skip(target) != test.want {
						t.Errorf("%s is not left out", check.ID)
					}
				}
			}
		})
	}
}

// TestAwaitsCNI checks nodes without a CNI.
func TestAwaitsCNI(t *testing.T) {
	checks := byID()
	without := func(names ...string) func(map[string]*corev1.Node, map[string]*corev1.Pod) {
		return func(nodes map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			for _, name := range names {
				nodes[name].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse,
					Reason: "KubeletNotReady", Message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"}
			}
		}
	}
	tests := map[string]struct {
		edit       func(map[string]*corev1.Node, map[string]*corev1.Pod)
		cni        string
		discovered bool
		skips      bool
		want       string
	}{
		"made without one":        {without("cp1", "w1", "w2"), "none", false, true, ""},
		"of someone else":         {without("cp1", "w1", "w2"), "none", true, true, "w1: not ready: KubeletNotReady"},
		"one node was left out":   {without("w1"), "none", false, false, "w1: not ready: KubeletNotReady"},
		"the user installed one":  {nil, "none", false, false, ""},
		"made with one, and lost": {without("cp1", "w1", "w2"), "calico", false, false, "w1: not ready: KubeletNotReady"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expect := targettest.ThreeNodes
			expect.CNI, expect.Discovered = test.cni, test.discovered
			target := targettest.New(
				expect,
				verifytest.Pods{Answers: verifytest.AnswersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")},
				verifytest.SmallCluster(test.edit)...)
			target.Survey(t.Context())
			_, err := checks["kubelet.alive"].Run(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			for _, reason := range []string{verify.WithoutCNI(target), checks["sched.place"].Skip(target), checks["node.taint"].Skip(target)} {
				if skips := strings.Contains(reason, "CNI"); skips != test.skips {
					t.Errorf("skipped for %q, want %v", reason, test.skips)
				}
			}
		})
	}
}

// TestRolesAreLeast: no check asks for everything, or for what gives everything.
func TestRolesAreLeast(t *testing.T) {
	for namespace, rules := range rolesOfCore(t) {
		for _, rule := range rules {
			for _, name := range slices.Concat(rule.Verbs, rule.APIGroups, rule.Resources, rule.NonResourceURLs) {
				if slices.Contains([]string{"*", "escalate", "bind", "impersonate", "secrets", "nodes/proxy"}, name) {
					t.Errorf("the role of namespace %q grants %q", namespace, name)
				}
			}
		}
	}
}

// byID are the checks of the core by their IDs.
func byID() map[string]verify.Check {
	checks := map[string]verify.Check{}
	for _, check := range Core() {
		checks[check.ID] = check
	}
	return checks
}

// leadsTo reports whether the needs lead to the check with the ID.
func leadsTo(byID map[string]verify.Check, id string, needs []string) bool {
	return slices.ContainsFunc(needs, func(need string) bool { return need == id || leadsTo(byID, id, byID[need].Needs) })
}

// rolesOfCore are the rules of the roles for the core, by namespace.
func rolesOfCore(t *testing.T) map[string][]rbacv1.PolicyRule {
	t.Helper()
	roles, err := verify.Roles(Core())
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string][]rbacv1.PolicyRule{}
	for _, role := range roles {
		switch role := role.(type) {
		case *rbacv1.ClusterRole:
			rules[""] = role.Rules
		case *rbacv1.Role:
			rules[role.Namespace] = role.Rules
		}
	}
	return rules
}
