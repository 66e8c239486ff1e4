package dns

import (
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func addressed(node *corev1.Node, addresses ...corev1.NodeAddress) corev1.Node {
	node.Status.Addresses = addresses
	return *node
}

func inside(address string) corev1.NodeAddress {
	return corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address}
}

func TestDNSExternal(t *testing.T) {
	host := corev1.NodeAddress{Type: corev1.NodeHostName, Address: "w1"}
	one, two := addressed(verifytest.ReadyNode("w1"), host, inside("172.18.0.3")), addressed(verifytest.ReadyNode("w2"), inside("172.18.0.4"))
	outside := func() records { return records{"A w1.": {"172.18.0.3"}, "A w2.": {"172.18.0.4"}} }
	tests := map[string]struct {
		change func(records)
		want   string
	}{
		"forwards":          {func(records) {}, ""},
		"does not forward":  {func(r records) { r["A w1."] = []string{"SERVFAIL"} }, "CoreDNS pod b: A w1. (the address of a node): answered SERVFAIL"},
		"asks someone else": {func(r records) { delete(r, "A w2.") }, "CoreDNS pod a: A w2. (the address of a node): answered NXDOMAIN"},
		"another network":   {func(r records) { r["A w2."] = []string{"10.0.0.4"} }, "answered [10.0.0.4], not [172.18.0.4]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := outside()
			test.change(server)
			target := targettest.New(
				verify.Expectation{Workers: 2},
				verifytest.Pods{OnDial: func(string, int) (net.Conn, error) { return server.serve(), nil }},
				&one,
				&two,
				verifytest.DNSDeployment(2),
				verifytest.DNSPod("a", "w1", true),
				verifytest.DNSPod("b", "w2", true),
			)
			evidence, err := dnsExternal(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 2 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

// TestAnotherForwarder has someone change the Corefile.
func TestAnotherForwarder(t *testing.T) {
	one, two := addressed(verifytest.ReadyNode("w1"), inside("172.18.0.3")), addressed(verifytest.ReadyNode("w2"), inside("172.18.0.4"))
	tests := map[string]struct {
		corefile string
		server   records
		want     string
		differs  bool
	}{
		"as installed":           {"forward . /etc/resolv.conf {", records{"A w1.": {"SERVFAIL"}, "A w2.": {"SERVFAIL"}}, "answered SERVFAIL", false},
		"one that knows no node": {"forward . 8.8.8.8 {", records{}, "", false},
		"one that is silent":     {"forward . 192.0.2.53", records{"A w1.": {"SERVFAIL"}, "A w2.": {"SERVFAIL"}}, "the Corefile forwards to 192.0.2.53, which does not answer", true},
		"none":                   {"cache 30 # forward . /etc/resolv.conf", records{}, "the Corefile forwards to no resolver", true},
		"only a zone":            {"forward example.test 10.0.0.1", records{}, "the Corefile forwards to no resolver", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Namespace: verify.SystemNamespace, Name: corefileMap},
				Data:       map[string]string{corefileKey: ".:53 {\n    errors\n    " + test.corefile + "\n}\n"},
			}
			target := targettest.New(
				verify.Expectation{Workers: 2},
				verifytest.Pods{OnDial: func(string, int) (net.Conn, error) { return test.server.serve(), nil }},
				&one,
				&two,
				config,
				verifytest.DNSDeployment(1),
				verifytest.DNSPod("a", "w1", true),
			)
			_, err := dnsExternal(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsDifference(err) != test.differs {
				t.Errorf("differs: %v", !test.differs)
			}
		})
	}
}

func TestOutsideQuestion(t *testing.T) {
	alone, six, bare := addressed(verifytest.ReadyNode("w1"), inside("172.18.0.3")), addressed(
		verifytest.ReadyNode("w6"),
		inside("fd00::3"),
	), *verifytest.ReadyNode("w9")
	tests := map[string]struct {
		nodes     []corev1.Node
		name, bad string
	}{
		"the only node": {[]corev1.Node{alone}, "A w1. (the address of a node)", ""},
		"another node":  {[]corev1.Node{alone, six}, "AAAA w6. (the address of a node)", ""},
		"no address":    {[]corev1.Node{alone, bare}, "", "node w9 has no internal address"},
		"no node":       {nil, "", "there are no nodes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := outsideQuestion(test.nodes, "w1")
			verifytest.WantErr(t, err, test.bad)
			if err == nil && q.String() != test.name {
				t.Errorf("got %q", q)
			}
		})
	}
}

func TestNoNameOutside(t *testing.T) {
	for _, test := range []struct {
		expect verify.Expectation
		skips  bool
	}{{verify.Expectation{}, false}, {verify.Expectation{Discovered: true}, true}, {verify.Expectation{CNI: "none"}, false}} {
		if reason := noNameOutside(&verify.Target{Expect: test.expect}); (reason != "") != test.skips {
			t.Errorf("%+v: %q", test.expect, reason)
		}
	}
}
