package dns

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

var textOnes = textQuestions("ns", "cluster.local", []string{"10.96.200.7"})

func TestAskUDP(t *testing.T) {
	tests := map[string]struct {
		answer func(path string) (int, []byte, error)
		want   string
		seen   bool
	}{
		"right":        {fleetRecords().netexec, "", true},
		"no such name": {records{}.netexec, "answered NXDOMAIN", true},
		"broken": {records{
			"SRV _http._tcp.fleet.ns.svc.cluster.local.": {"SERVFAIL"}, "PTR 7.200.96.10.in-addr.arpa.": {"SERVFAIL"},
		}.netexec, "answered SERVFAIL", true},
		"wrong": {records{
			"SRV _http._tcp.fleet.ns.svc.cluster.local.": {"0 100 81 fleet.ns.svc.cluster.local."}, "PTR 7.200.96.10.in-addr.arpa.": {"float.ns.svc.cluster.local."},
		}.netexec, ", not [", true},
		"silent": {func(string) (int, []byte, error) {
			return 200, []byte(`{"errors":["reading from udp connection failed. err:'i/o timeout'"]}`), nil
		}, "i/o timeout", true},
		"nothing": {func(string) (int, []byte, error) { return 200, []byte(`{}`), nil }, "no answer", true},
		"rubbish": {func(string) (int, []byte, error) { return 200, []byte(`{"responses":["probe-w1"]}`), nil }, "answered what is no DNS message", true},
		"mixed up": {func(string) (int, []byte, error) {
			return 200, []byte(`{"responses":["` + strings.Repeat(`\u0000`, 12) + `"]}`), nil
		}, "answered what was not asked", true},
		"no probe":   {func(string) (int, []byte, error) { return 0, nil, errors.New("502 Bad Gateway") }, "ask the probe on w1: 502 Bad Gateway", false},
		"no netexec": {func(string) (int, []byte, error) { return 404, []byte("not found"), nil }, `ask the probe on w1: status 404: "not found"`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, q := range textOnes {
				p := probe.Probe{Node: "w1", HTTPPort: 8080, Pods: verifytest.Pods{OnGet: func(_ string, port int, path string) (int, []byte, error) {
					if port != 8080 || !strings.HasPrefix(path, "/dial?host=10.96.0.10&port=53&protocol=udp&") {
						t.Errorf("asked for %d%s", port, path)
					}
					return test.answer(path)
				}}}
				problem, err := askUDP(t.Context(), p, "10.96.0.10", q)
				if !test.seen {
					verifytest.WantErr(t, err, test.want)
					if !verify.IsUnobservable(err) {
						t.Errorf("%v counts as an answer", err)
					}
					continue
				}
				verifytest.WantErr(t, err, "")
				if !strings.Contains(problem, test.want) || (problem == "") != (test.want == "") {
					t.Errorf("%s: got %q, want %q", q, problem, test.want)
				}
			}
		})
	}
}

// A server may compress names, let others recurse, and add addresses, of which
// JSON loses bytes.
func TestRestore(t *testing.T) {
	for _, q := range textOnes {
		d, err := q.overUDP("10.96.0.10")
		if err != nil {
			t.Fatal(err)
		}
		answer := fleetRecords().answer(d.query)
		answer.RecursionAvailable, answer.Compress = true, true
		extra, err := dns.NewRR("fleet.ns.svc.cluster.local. 3600 IN A 172.200.255.192")
		if err != nil {
			t.Fatal(err)
		}
		answer.Extra = append(answer.Extra, extra)
		packet, err := answer.Pack()
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(map[string][]string{"responses": {string(packet)}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(body, []byte(`\ufffd`)) {
			t.Fatal("nothing was lost")
		}
		if problem, err := d.evaluate(200, body); problem != "" || err != nil {
			t.Errorf("%s: %q, %v", q, problem, err)
		}
	}
}
