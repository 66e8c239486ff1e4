package dns

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const goodResolv = `search ns.svc.cluster.local svc.cluster.local cluster.local example.org
nameserver 10.96.0.10
options ndots:5
`

func TestParseResolvConf(t *testing.T) {
	tests := map[string]struct {
		text   string
		want   resolvConf
		domain string
	}{
		"a pod's": {goodResolv, resolvConf{[]string{"10.96.0.10"}, []string{"ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"}, 5}, "cluster.local"},
		"a node's": {"# made by hand\nnameserver 172.18.0.1\nnameserver 1.1.1.1\nsearch .\noptions edns0 trust-ad\n",
			resolvConf{[]string{"172.18.0.1", "1.1.1.1"}, []string{"."}, 1}, ""},
		"the last search counts": {"search a\nsearch b svc.c\n", resolvConf{nil, []string{"b", "svc.c"}, 1}, "c"},
		"empty":                  {"\n\nsearch\n", resolvConf{nil, nil, 1}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := parseResolvConf(test.text)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(resolvConf{})); diff != "" {
				t.Error(diff)
			}
			if got.domain() != test.domain {
				t.Errorf("domain %q", got.domain())
			}
		})
	}
}

func searchProbe(node string, pods verifytest.Pods) probe.Probe {
	return probe.Probe{Pods: pods, PodRef: kube.PodRef{Namespace: "ns", Name: "probe-" + node}, Node: node, HTTPPort: probe.HTTPPort}
}

func TestReadResolvConf(t *testing.T) {
	read := func(output string, err error) (resolvConf, error) {
		return readResolvConf(
			t.Context(), searchProbe("w1", verifytest.Pods{OnShell: func(kube.PodRef, string) (string, error) { return output, err }}),
		)
	}
	conf, err := read(goodResolv, nil)
	if err != nil || conf.domain() != "cluster.local" || conf.ndots != 5 {
		t.Errorf("got %v, %v", conf, err)
	}
	_, err = read("cat: no such file\n", errors.New("exit status 1"))
	if verifytest.WantErr(t, err, "read /etc/resolv.conf in the probe on w1: exit status 1: cat: no such file"); !verify.IsUnobservable(err) {
		t.Errorf("%v counts as seen", err)
	}
	_, err = read("sh: cat: not found\n", errors.New("exit status 127"))
	if verifytest.WantErr(t, err, `run "cat /etc/resolv.conf" in the probe on w1: sh: cat: not found`); !verify.IsUnobservable(err) {
		t.Errorf("%v counts as seen", err)
	}
	_, err = readResolvConf(t.Context(), searchProbe("w1", verifytest.Pods{}))
	if verifytest.WantErr(t, err, `run "cat /etc/resolv.conf" in the probe on w1: connection refused`); !verify.IsUnobservable(err) {
		t.Errorf("%v counts as seen", err)
	}
}

func TestClusterDomainIsThatOfMost(t *testing.T) {
	for domains, want := range map[string]string{
		"one.test,one.test,other": "one.test", "other,one.test,one.test": "one.test", "-,one.test,-": "one.test", "-,-": defaultDomain,
		"cluster.local,other": "cluster.local", "a,b,b,b,b": "b",
	} {
		var probes []probe.Probe
		for domain := range strings.SplitSeq(domains, ",") {
			text := "search ns.svc." + domain + " svc." + domain + "\n"
			if domain == "-" {
				text = "nameserver 1.1.1.1\n"
			}
			probes = append(probes, searchProbe("w", verifytest.Pods{OnShell: func(kube.PodRef, string) (string, error) { return text, nil }}))
		}
		if got, err := clusterDomain(t.Context(), new(verify.Target), probes); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", domains, got, err, want)
		}
	}
	_, err := clusterDomain(t.Context(), new(verify.Target), []probe.Probe{searchProbe("w", verifytest.Pods{})})
	if !verify.IsUnobservable(err) {
		t.Errorf("got %v", err)
	}
}

func TestSearchRule(t *testing.T) {
	rule := searchRule{addresses: []string{"10.96.0.10"}, namespace: "ns", domain: "cluster.local"}
	cached := rule
	cached.anyServer = true
	tests := map[string]struct {
		rule       searchRule
		text, want string
	}{
		"right":               {rule, goodResolv, ""},
		"another server":      {rule, strings.Replace(goodResolv, "10.96.0.10", "169.254.20.10", 1), "nameserver 169.254.20.10, not 10.96.0.10"},
		"a cache, discovered": {cached, strings.Replace(goodResolv, "10.96.0.10", "169.254.20.10", 1), ""},
		"one server more":     {rule, goodResolv + "nameserver 1.1.1.1\n", "nameserver 10.96.0.10 1.1.1.1, not 10.96.0.10"},
		"no server":           {cached, "search ns.svc.cluster.local svc.cluster.local cluster.local\n", "no nameserver"},
		"the node's":          {rule, "nameserver 10.96.0.10\nsearch example.org\n", `search "example.org" does not begin with "ns.svc.cluster.local svc.cluster.local cluster.local"`},
		"another domain":      {rule, strings.ReplaceAll(goodResolv, "cluster.local", "other.test"), "does not begin with"},
		"another namespace":   {rule, strings.Replace(goodResolv, "ns.", "kube-system.", 1), "does not begin with"},
		"ndots":               {rule, strings.Replace(goodResolv, ":5", ":1", 1), "ndots 1, not 5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.rule.evaluate(parseResolvConf(test.text)); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestConnectByName(t *testing.T) {
	const tlsOnly = `{"responses":["Client sent an HTTP request to an HTTPS server.\n"]}`
	tests := map[string]struct {
		fleet, api string // netexec's reports; a number before is the status
		want       string
	}{
		"both":             {`{"responses":["probe-w2"]}`, tlsOnly, ""},
		"the API hangs up": {`{"responses":["probe-w2"]}`, `{"errors":["Get \"http://10.96.0.1:443/hostname\": EOF"]}`, ""},
		"unknown name":     {`400 host and/or port param are invalid. lookup fleet: no such host`, tlsOnly, "w1 -> fleet:80: host and/or port param are invalid. lookup fleet: no such host"},
		"no connection":    {`{"responses":["probe-w2"]}`, `{"errors":["Get \"http://10.96.0.1:443/hostname\": dial tcp 10.96.0.1:443: connect: connection refused"]}`, "w1 -> kubernetes.default:443: Get"},
		"a stranger":       {`{"responses":["nginx"]}`, tlsOnly, `w1 -> fleet:80: "nginx" answered and is no endpoint`},
		"half an answer":   {`{"errors":["EOF"]}`, tlsOnly, `"EOF" answered and is no endpoint`},
		"nothing":          {`{"responses":["probe-w2"]}`, `{}`, "w1 -> kubernetes.default:443: no answer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pods := verifytest.Pods{OnGet: func(_ string, _ int, path string) (int, []byte, error) {
				report := test.fleet
				if strings.Contains(path, "host=kubernetes.default&port=443") {
					report = test.api
				}
				if bad, is := strings.CutPrefix(report, "400 "); is {
					return 400, []byte(bad), nil
				}
				return 200, []byte(report), nil
			}}
			err := connectByName(t.Context(), searchProbe("w1", pods), []probe.Probe{searchProbe("w1", pods), searchProbe("w2", pods)})
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) {
				t.Errorf("%v was seen", err)
			}
		})
	}
}

func TestDialNameTellsSilenceFromABlindProbe(t *testing.T) {
	for name, test := range map[string]struct {
		hostname error
		seen     bool
		want     string
	}{
		"the lookup hangs":         {nil, true, "w1 -> fleet:80: no connection within 5s"},
		"the probe does not reply": {errors.New("502"), false, "ask the probe on w1: 502"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pods := verifytest.Pods{OnGet: func(_ string, _ int, path string) (int, []byte, error) {
					if path == "/hostname" {
						return 200, nil, test.hostname
					}
					time.Sleep(nameTime + time.Millisecond)
					return 0, nil, fmt.Errorf("context deadline exceeded")
				}}
				_, _, err := dialName(t.Context(), searchProbe("w1", pods), "fleet", 80)
				verifytest.WantErr(t, err, test.want)
				if verify.IsUnobservable(err) == test.seen {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestDNSSearchNamesTheNode(t *testing.T) {
	ofNode := func(nodeConf string) (verify.Evidence, error) {
		target := liveTarget(verifytest.Pods{
			OnShell: func(pod kube.PodRef, _ string) (string, error) {
				conf := strings.ReplaceAll(goodResolv, "search ns.", "search "+pod.Namespace+".")
				if pod.Name == "probe-w2" && nodeConf != "" {
					conf = nodeConf
				}
				return conf, nil
			},
			OnGet: func(string, int, string) (int, []byte, error) { return 200, []byte(`{"responses":["probe-w1"]}`), nil },
		}, verifytest.KubeDNS())
		return dnsSearch(t.Context(), target)
	}
	evidence, err := ofNode("")
	if err != nil || len(evidence) != 2 {
		t.Errorf("got %q, %v", evidence, err)
	}
	evidence, err = ofNode("nameserver 172.18.0.1\noptions edns0\n")
	if verifytest.WantErr(t, err, "w2: /etc/resolv.conf of a pod: nameserver 172.18.0.1, not 10.96.0.10"); len(evidence) != 1 || verify.IsUnobservable(err) {
		t.Errorf("got %q, %v", evidence, err)
	}
}
