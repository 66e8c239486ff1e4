package network

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func TestHostsReached(t *testing.T) {
	var names map[string]string
	// host answers with the name of the node whose pod has the address.
	host := func(_ string, query url.Values) (targettest.Reply, error) {
		return targettest.Reply{Responses: []string{strings.TrimPrefix(names[query.Get("host")], "host-")}}, nil
	}
	tests := map[string]struct {
		net          func(pod string, query url.Values) (targettest.Reply, error)
		want         string
		unobservable bool
	}{
		"all are reached": {host, "", false},
		"one drops": {func(pod string, query url.Values) (targettest.Reply, error) {
			if names[query.Get("host")] == "host-w2" {
				return targettest.Reply{Errors: []string{"i/o timeout"}}, nil
			}
			return host(pod, query)
		}, "w2 (10.0.0.4:PORT, http): 1 of 1 failed: i/o timeout", false},
		"another host answers": {func(string, url.Values) (targettest.Reply, error) {
			return targettest.Reply{Responses: []string{"w1"}}, nil
		}, `"w1" answered`, false},
		"the probe is not seen": {func(string, url.Values) (targettest.Reply, error) {
			return targettest.Reply{}, errors.New("port-forward failed")
		}, "ask the probe on w", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var target *verify.Target
			target, names = targettest.Networked(test.net)
			evidence, err := hostsReached(t.Context(), target)
			hosts, unready := probe.Of(target).Hosts.Ready(t.Context())
			if unready != nil {
				t.Fatal(unready)
			}
			verifytest.WantErr(t, err, strings.ReplaceAll(test.want, "PORT", strconv.Itoa(hosts[0].HTTPPort)))
			if verify.IsUnobservable(err) != test.unobservable {
				t.Errorf("unobservable is %v: %v", !test.unobservable, err)
			}
			if err == nil && len(evidence) != 4 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestHostNames(t *testing.T) {
	node := verifytest.ReadyNode("w1.example.com")
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}, {Type: corev1.NodeHostName, Address: "machine.lan"}}
	for answer, want := range map[string]string{"w1.example.com": "", "w1": "", "machine.lan": "", "machine": "", "w2": `"w2" answered`, "10.0.0.1": `"10.0.0.1" answered`} {
		if got := answeredBy(hostNames(*node)...)([]string{answer}, nil); got != want {
			t.Errorf("%s: got %q, want %q", answer, got, want)
		}
	}
}
