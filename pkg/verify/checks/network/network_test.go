package network

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func TestPodsReachEachOther(t *testing.T) {
	var names map[string]string
	direct := func(_ string, query url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{names[query.Get("host")]}}, nil
	}
	tests := map[string]struct {
		net          func(pod string, query url.Values) (targettest.Reply, error)
		want         string
		unobservable bool
	}{
		"all reach all": {direct, "", false},
		"one pair is cut": {func(pod string, query url.Values) (targettest.Reply, error) {
			if pod == "probe-w1" && names[query.Get("host")] == "probe-w2" && query.Get("protocol") == "udp" {
				return targettest.Reply{Errors: []string{"i/o timeout"}}, nil
			}
			return direct(pod, query)
		}, "w1 -> w2 (10.0.0.2:8081, udp): 1 of 1 failed: i/o timeout", false},
		"another answers": {func(string, url.Values) (targettest.Reply, error) {
			return targettest.Reply{Responses: []string{"stranger"}}, nil
		}, `"stranger" answered`, false},
		"no one answers": {func(string, url.Values) (targettest.Reply, error) { return targettest.Reply{}, nil }, "no answer", false},
		"one probe is not seen": {func(pod string, query url.Values) (targettest.Reply, error) {
			if pod == "probe-w1" {
				return targettest.Reply{}, errors.New("port-forward failed")
			}
			return targettest.Reply{}, nil
		}, "w2 -> w2 (10.0.0.2:8081, udp): no answer", false},
		"no probe is seen": {func(string, url.Values) (targettest.Reply, error) {
			return targettest.Reply{}, errors.New("port-forward failed")
		}, "ask the probe on w", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var target *verify.Target
			target, names = targettest.Networked(test.net)
			evidence, err := podsReachEachOther(t.Context(), target, nil)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) != test.unobservable {
				t.Errorf("unobservable is %v: %v", !test.unobservable, err)
			}
			if err == nil && len(evidence) != 8 { // four pairs, two protocols
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestUniqueAddresses(t *testing.T) {
	one, other := probe.Probe{IPs: []string{"10.0.0.1", "fd00::1"}}, probe.Probe{IPs: []string{"10.0.0.2", "fd00::2"}}
	one.Name, other.Name = "a", "b"
	verifytest.WantErr(t, uniqueAddresses([]probe.Probe{one, other}), "")
	other.IPs[0] = one.IPs[0]
	verifytest.WantErr(t, uniqueAddresses([]probe.Probe{one, other}), "a and b both have the address 10.0.0.1")
}

func TestEvaluatedAnswers(t *testing.T) {
	big := strings.Repeat("m", 10)
	tests := map[string]struct {
		evaluate          func(answers, failures []string) string
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
		"refused":                 {refusedBy(verify.Expectation{ProxyMode: "iptables"}), nil, []string{"connect: connection refused"}, ""},
		"one hangs":               {refusedBy(verify.Expectation{ProxyMode: "iptables"}), nil, []string{"connect: connection refused", "i/o timeout"}, "not refused, though no endpoint is left: i/o timeout"},
		"one still answers":       {refusedBy(verify.Expectation{ProxyMode: "iptables"}), []string{"a"}, []string{"connection refused"}, `"a" answered, though no endpoint is left`},
		"unreachable":             {refusedBy(verify.Expectation{ProxyMode: "iptables"}), nil, []string{"no route to host"}, "not refused, though no endpoint is left: no route to host"},
		"refused in the socket":   {refusedBy(verify.Expectation{ProxyMode: "none"}), nil, []string{"no route to host"}, ""},
		"a pod hangs":             {answeredByNobody, nil, []string{"no answer within 1.5s"}, ""},
		"a pod is answered":       {answeredByNobody, []string{"a"}, []string{"no answer within 1.5s"}, `"a" answered, though no endpoint is left`},
		"a pod tries nothing":     {answeredByNobody, nil, nil, "nothing was tried"},
		"nothing was tried":       {refusedBy(verify.Expectation{ProxyMode: "iptables"}), nil, nil, "nothing was tried"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.evaluate(test.answers, test.failures); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestManyNodes: what is tried grows slowly, and the evidence says what was left out.
func TestManyNodes(t *testing.T) {
	const nodes = 12
	var names map[string]string
	var dials atomic.Int32
	direct := func(_ string, query url.Values) (targettest.Reply, error) {
		dials.Add(1)
		return targettest.Reply{Responses: []string{names[query.Get("host")]}}, nil
	}
	var target *verify.Target
	target, names = targettest.NetworkedOn(nodes, direct)
	evidence, err := podsReachEachOther(t.Context(), target, nil)
	if want := int32(nodes * 5 * 2); err != nil || dials.Load() != want || evidence[0] != "a sample: from each of 12 nodes to 4 others" {
		t.Errorf("%d dials, want %d; %v, %q", dials.Load(), want, err, evidence)
	}
}

// TestSpreadOverManyNodes: each endpoint must have answered some node, and no one
// else any.
func TestSpreadOverManyNodes(t *testing.T) {
	const nodes = 12
	tests := map[string]struct {
		answers func(pod string) []string
		want    string
	}{
		"each answers two":   {func(pod string) []string { return []string{pod, "probe-w1"} }, ""},
		"one answers no one": {func(string) []string { return []string{"probe-w1", "probe-w2"} }, "probe-w9 never answered in 130 connections from each of 12 nodes"},
		"a stranger does":    {func(pod string) []string { return []string{pod, "nginx"} }, `"nginx" answered`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var tries []string
			target, _ := targettest.NetworkedOn(nodes, func(pod string, query url.Values) (targettest.Reply, error) {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, query.Get("tries"))
				return targettest.Reply{Responses: test.answers(pod)}, nil
			})
			targettest.AllotServices(target, "10.96.0.9")
			evidence, err := serviceSpreads(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && !strings.HasPrefix(evidence[0], "a sample: in 130 connections from each of 12 nodes") {
				t.Errorf("evidence %q", evidence)
			}
			if len(tries) != nodes || slices.ContainsFunc(tries, func(n string) bool { return n != "130" }) {
				t.Errorf("tries %q", tries)
			}
		})
	}
}

// TestPatience has a dial that hangs reported as a failure of that dial, and
// the end of the check as something that was not seen.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := probe.Probe{Pods: verifytest.DeafPods{}, Node: "w1"}
		started := time.Now()
		_, err := sendAll(
			t.Context(),
			[]probeRequest{{from: p, to: "w2", protocol: "http", host: "10.0.0.2", port: 80, request: askName, evaluate: answeredBy("x")}},
		)
		verifytest.WantErr(t, err, "w1 -> w2 (10.0.0.2:80, http): 1 of 1 failed: no answer within 4s")
		if took := time.Since(started); verify.IsUnobservable(err) || took != defaultPatience(1) {
			t.Errorf("%v after %v", err, took)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = sendAll(short, []probeRequest{{from: p, to: "w2", protocol: "http", request: askName, evaluate: answeredBy("x")}})
		if !verify.IsUnobservable(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
