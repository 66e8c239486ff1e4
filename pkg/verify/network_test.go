package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// reply is what a dial from one pod to an address brought.
type reply struct {
	Responses []string `json:"responses,omitempty"`
	Errors    []string `json:"errors,omitempty"`
}

// dialled lets probes answer for what they dial: net says what becomes of a
// dial from a pod to HOST:PORT.
func dialled(net func(pod string, query url.Values) (reply, error)) fakePods {
	return fakePods{get: func(pod string, _ int, path string) (int, []byte, error) {
		parsed, err := url.Parse(path)
		if err != nil {
			return 0, nil, err
		}
		r, err := net(pod, parsed.Query())
		if err != nil {
			return 0, nil, err
		}
		body, err := json.Marshal(r)
		return 200, body, err
	}}
}

// networked is a target of two nodes whose pods get 10.0.0.1 and so on.
func networked(net func(pod string, query url.Values) (reply, error)) (target *Target, names map[string]string) {
	return networkedOn(2, net)
}

func networkedOn(nodes int, net func(pod string, query url.Values) (reply, error)) (target *Target, names map[string]string) {
	var workers []runtime.Object
	for i := range nodes {
		workers = append(workers, readyNode(fmt.Sprintf("w%d", i+1)))
	}
	target = stampedTarget(otherClock, workers...)
	names = map[string]string{}
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Namespace = action.GetNamespace()
		address := fmt.Sprintf("10.0.0.%d", len(names)+1)
		names[address] = pod.Name
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address, Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}}}
		return false, nil, nil
	})
	target.Pods = dialled(net)
	return target, names
}

func TestPodsReachEachOther(t *testing.T) {
	var names map[string]string
	direct := func(_ string, query url.Values) (reply, error) {
		return reply{Responses: []string{names[query.Get("host")]}}, nil
	}
	tests := map[string]struct {
		net          func(pod string, query url.Values) (reply, error)
		want         string
		unobservable bool
	}{
		"all reach all": {direct, "", false},
		"one pair is cut": {func(pod string, query url.Values) (reply, error) {
			if pod == "probe-w1" && names[query.Get("host")] == "probe-w2" && query.Get("protocol") == "udp" {
				return reply{Errors: []string{"i/o timeout"}}, nil
			}
			return direct(pod, query)
		}, "w1 -> w2 (10.0.0.2:8081, udp): 1 of 1 failed: i/o timeout", false},
		"another answers": {func(string, url.Values) (reply, error) { return reply{Responses: []string{"stranger"}}, nil }, `"stranger" answered`, false},
		"nobody answers":  {func(string, url.Values) (reply, error) { return reply{}, nil }, "no answer", false},
		"one probe is not seen": {func(pod string, query url.Values) (reply, error) {
			if pod == "probe-w1" {
				return reply{}, errors.New("port-forward failed")
			}
			return reply{}, nil
		}, "w2 -> w2 (10.0.0.2:8081, udp): no answer", false},
		"no probe is seen": {func(string, url.Values) (reply, error) { return reply{}, errors.New("port-forward failed") }, "ask the probe on w", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var target *Target
			target, names = networked(test.net)
			evidence, err := podsReachEachOther(t.Context(), target)
			wantErr(t, err, test.want)
			if isUnobservable(err) != test.unobservable {
				t.Errorf("unobservable is %v: %v", !test.unobservable, err)
			}
			if err == nil && len(evidence) != 8 { // four pairs, two protocols
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestUniqueAddresses(t *testing.T) {
	one, other := Probe{IPs: []string{"10.0.0.1", "fd00::1"}}, Probe{IPs: []string{"10.0.0.2", "fd00::2"}}
	one.Name, other.Name = "a", "b"
	wantErr(t, uniqueAddresses([]Probe{one, other}), "")
	other.IPs[0] = one.IPs[0]
	wantErr(t, uniqueAddresses([]Probe{one, other}), "a and b both have the address 10.0.0.1")
}

func TestJudgesOfAnswers(t *testing.T) {
	big := strings.Repeat("m", 10)
	tests := map[string]struct {
		judge             func(answers, failures []string) string
		answers, failures []string
		want              string
	}{
		"one of them":             {answeredBy("a", "b"), []string{"b", "a"}, nil, ""},
		"a stranger":              {answeredBy("a"), []string{"a", "c"}, nil, `"c" answered`},
		"some failed":             {answeredBy("a"), []string{"a"}, []string{"EOF"}, "1 of 2 failed: EOF"},
		"all answered":            {answeredByAll([]string{"a", "b"}), []string{"a", "b", "a"}, nil, ""},
		"one never answered":      {answeredByAll([]string{"a", "b"}), []string{"a", "a", "a"}, nil, "b never answered in 3 connections"},
		"a stranger among all":    {answeredByAll([]string{"a"}), []string{"a", "x"}, nil, `"x" answered`},
		"the message came back":   {cameBack(big), []string{big}, nil, ""},
		"a part came back":        {cameBack(big), []string{big[1:]}, nil, "of 10 bytes other bytes came back"},
		"nothing came back":       {cameBack(big), nil, nil, "of 10 bytes other bytes came back"},
		"the message is not said": {cameBack(big), nil, []string{"Get /echo?msg=" + big + ": timeout"}, "10 bytes: Get /echo?msg=...: timeout"},
		"refused":                 {refusedBy(Expectation{ProxyMode: "iptables"}), nil, []string{"connect: connection refused"}, ""},
		"one hangs":               {refusedBy(Expectation{ProxyMode: "iptables"}), nil, []string{"connect: connection refused", "i/o timeout"}, "not refused, though no endpoint is left: i/o timeout"},
		"one still answers":       {refusedBy(Expectation{ProxyMode: "iptables"}), []string{"a"}, []string{"connection refused"}, `"a" answered, though no endpoint is left`},
		"unreachable":             {refusedBy(Expectation{ProxyMode: "iptables"}), nil, []string{"no route to host"}, "not refused, though no endpoint is left: no route to host"},
		"refused in the socket":   {refusedBy(Expectation{ProxyMode: "none"}), nil, []string{"no route to host"}, ""},
		"a pod hangs":             {answeredByNobody, nil, []string{"no answer within 1.5s"}, ""},
		"a pod is answered":       {answeredByNobody, []string{"a"}, []string{"no answer within 1.5s"}, `"a" answered, though no endpoint is left`},
		"a pod tries nothing":     {answeredByNobody, nil, nil, "nothing was tried"},
		"nothing was tried":       {refusedBy(Expectation{ProxyMode: "iptables"}), nil, nil, "nothing was tried"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.judge(test.answers, test.failures); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started, rounds := time.Now(), 0
		err := within(t.Context(), 10*time.Second, func() error {
			rounds++
			return errSick
		})
		if took := time.Since(started); !errors.Is(err, errSick) || took > 10*time.Second || rounds < 5 {
			t.Errorf("%v after %v and %d rounds", err, took, rounds)
		}
		rounds = 0
		if err := within(t.Context(), time.Second, func() error { rounds++; return Unobservable(errSick) }); rounds != 1 {
			t.Errorf("%v after %d rounds", err, rounds)
		}
	})
}

// TestWithoutNetwork: what sends packets is left out only where no node has a
// network, whatever is known of its CNI.
func TestWithoutNetwork(t *testing.T) {
	unready := func(name string, status corev1.ConditionStatus, message string) *corev1.Node {
		node := readyNode(name)
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
		"no CNI":                  {"none", []runtime.Object{unready("w1", corev1.ConditionFalse, containerd), unready("w2", corev1.ConditionFalse, crio)}, why},
		"an unknown one":          {"none", []runtime.Object{readyNode("w1"), readyNode("w2")}, ""},
		"an unknown one, in part": {"none", []runtime.Object{readyNode("w1"), unready("w2", corev1.ConditionFalse, containerd)}, ""},
		"unready otherwise":       {"none", []runtime.Object{unready("w1", corev1.ConditionFalse, "PLEG is not healthy")}, ""},
		"not heard of":            {"none", []runtime.Object{unready("w1", corev1.ConditionUnknown, "Kubelet stopped posting node status.")}, ""},
		"a known one that failed": {"calico", []runtime.Object{unready("w1", corev1.ConditionFalse, containerd)}, ""},
		"no nodes":                {"none", nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := fakeTarget(Expectation{Workers: 2, CNI: test.cni, ProxyMode: "iptables"}, fakePods{}, test.nodes...)
			ran := Check{ID: "ran", Title: "t", Skip: withoutCNI, Run: func(context.Context, *Target) (Evidence, error) { return nil, nil }}
			report := Run(t.Context(), target, []Check{ran}, RunOptions{})
			if got := report.Results[0]; got.Cause != test.want || (got.Outcome == Skip) != (test.want != "") {
				t.Errorf("%s: %q", got.Outcome, got.Cause)
			}
			for _, check := range Core() {
				if packets := slices.Contains([]string{groupNetwork, groupService, groupDNS, groupPolicy}, check.Group); packets && test.want != "" {
					if check.Skip == nil || check.Skip(target) != test.want {
						t.Errorf("%s is not left out", check.ID)
					}
				}
			}
		})
	}
}
