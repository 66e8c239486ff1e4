package proxy

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// rulesOfIPVS is what /proc/net/ip_vs holds.
const rulesOfIPVS = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600009:0050 rr
  -> 0A000001:1F90      Masq    1      0          0
  -> 0A000002:1F90      Masq    1      0          0
`

// TestProxyRulesOfEveryNode is about what is run, where, and what comes of it.
func TestProxyRulesOfEveryNode(t *testing.T) {
	failed := &kube.ExecError{Command: []string{"cat"}, ExitCode: 1, Stderr: "no such file"}
	tests := map[string]struct {
		onSecond     func() (string, error) // what the command brings on w2
		want         string
		unobservable bool
	}{
		"as they should be":          {func() (string, error) { return rulesOfIPVS, nil }, "", false},
		"one node lacks an endpoint": {func() (string, error) { return strings.Replace(rulesOfIPVS, "  -> 0A000001", "  -> 0A000009", 1), nil }, "w2: kube-proxy-w2: the rules lead 10.96.0.9:80 to [10.0.0.2:8080 10.0.0.9:8080], not to [10.0.0.1:8080 10.0.0.2:8080]", false},
		"one node has no table":      {func() (string, error) { return "", failed }, "w2: kube-proxy-w2: there is no virtual server 10.96.0.9:80\ncat: exit code 1: no such file", false},
		"the command cannot be run":  {func() (string, error) { return "", errors.New("executable file not found") }, "w2: kube-proxy-w2: executable file not found", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := withProxies(t, "ipvs")
			target.Pods = verifytest.Pods{OnExec: func(pod kube.PodRef, command []string) (string, error) {
				switch strings.Join(command, " ") + " in " + pod.Name + "/" + pod.Container {
				case "cat /proc/net/ip_vs in host-w1/":
					return rulesOfIPVS, nil
				case "cat /proc/net/ip_vs in host-w2/":
					return test.onSecond()
				}
				return "", errors.New("not what was to be run")
			}}
			evidence, err := proxyRules(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) != test.unobservable {
				t.Errorf("unobservable is %v: %v", !test.unobservable, err)
			}
			if err == nil && (len(evidence) != 2 || !strings.Contains(evidence[0], "-> 10.0.0.1:8080 Masq")) {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
	_, err := proxyRules(t.Context(), withProxies(t, "ebpf"))
	if !verify.IsInapplicable(err) {
		t.Errorf("an unknown mode: %v", err)
	}
}

// TestProxyRulesAreReadInKubeProxy has the modes whose programs kube-proxy brings.
func TestProxyRulesAreReadInKubeProxy(t *testing.T) {
	for _, mode := range []string{"iptables", "nftables"} {
		target := withProxies(t, mode)
		var mu sync.Mutex
		ran := map[string]string{}
		target.Pods = verifytest.Pods{OnExec: func(pod kube.PodRef, command []string) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			ran[pod.Name+"/"+pod.Container] = command[0]
			return "", nil
		}}
		_, err := proxyRules(t.Context(), target)
		verifytest.WantErr(t, err, "w2: kube-proxy-w2: ")
		program := map[string]string{"iptables": "iptables-save", "nftables": "nft"}[mode]
		if want := (map[string]string{"kube-proxy-w1/kube-proxy": program, "kube-proxy-w2/kube-proxy": program}); !maps.Equal(ran, want) {
			t.Errorf("%s: ran %v, want %v", mode, ran, want)
		}
	}
}

// TestProxyRulesUnseen has a command that hangs as something that was not seen.
func TestProxyRulesUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := withProxies(t, "ipvs")
		target.Pods = verifytest.DeafPods{}
		_, err := proxyRules(t.Context(), target)
		verifytest.WantErr(t, err, "w1: kube-proxy-w1: no answer within 8s")
		if !verify.IsUnobservable(err) {
			t.Errorf("not unobservable: %v", err)
		}
		if err := target.Close(t.Context()); err != nil { // ends the renewal of the lease
			t.Error(err)
		}
	})
}

// withProxies is a networked target with a kube-proxy on each node.
func withProxies(t *testing.T, mode string) *verify.Target {
	t.Helper()
	target, _ := targettest.Networked(nil)
	target.Expect.ProxyMode = mode
	targettest.AllotServices(target, "10.96.0.9")
	for _, node := range []string{"w1", "w2"} {
		if err := target.Kube.Clientset.(*fake.Clientset).Tracker().Add(verifytest.SystemPod("kube-proxy-"+node, node, map[string]string{"k8s-app": "kube-proxy"})); err != nil {
			t.Fatal(err)
		}
	}
	return target
}
