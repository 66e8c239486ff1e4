//go:build e2e

package e2e

import (
	"maps"
	"regexp"

	"github.com/kindctl/kindctl/pkg/verify"
)

// What the table shows of a Service with --show-evidence: a rule of the kernel's
// tables, or an entry of Cilium's maps.
var (
	ruleOfIPTables = regexp.MustCompile(`-A KUBE-SERVICES -d [0-9.]+/32 .*-j KUBE-SVC-[A-Z2-7]{16}`)
	ruleOfIPVS     = regexp.MustCompile(`TCP [0-9.]+:80 rr`)
	ruleOfNFTables = regexp.MustCompile(`[0-9.]+ \. tcp \. 80( comment "[^"]*")? : goto "?service-`)
	entryOfCilium  = regexp.MustCompile(`[0-9.]+:80/TCP \([1-9][0-9]*\): [0-9.]+:8080/TCP`)
)

// showsEvidence wants a person to see what a check saw. The checks before it have
// the probe pods started in a time of their own.
func (s *session) showsEvidence(cluster, check string, want *regexp.Regexp) {
	s.Helper()
	if r := s.Must("verify", "-n", cluster, "--only", "kubelet.work,net.pods,"+check, "--show-evidence"); !want.MatchString(r.Stdout) {
		s.Errorf("the evidence of %s lacks %s:\n%s", check, want, r.Stdout)
	}
}

// skippedOnOneNode is what does not apply to a single node with Calico, and why.
var skippedOnOneNode = map[string]string{
	"cfg.applied": "the configuration asks for no settings of components",
	"node.taint":  "kind removes the taint of a cluster's only node",
	"net.mtu":     "there is only one node",
	"cal.routes":  "there is only one node",
	"cal.bgp":     `Calico does not use BGP here (backend "vxlan")`,
}

// skipsOnly wants exactly these checks to be skipped, with their reasons, and all
// others to pass.
func (s *session) skipsOnly(results []verify.Result, want map[string]string) {
	s.Helper()
	got := map[string]string{}
	for _, v := range results {
		switch {
		case v.Outcome == verify.Skip:
			got[v.ID] = v.Cause
		case v.Outcome == verify.Pass:
		case v.Outcome == verify.Warn && v.ID == "dns.latency": // the machine may be busy
		default:
			s.Errorf("%s is %s: %s", v.ID, v.Outcome, v.Cause)
		}
	}
	if !maps.Equal(got, want) {
		s.Errorf("skipped are %q, want %q", got, want)
	}
}

// rareMode is the mode of kube-proxy that the fewest kernels can, of those that this
// one can, and how it shows a rule.
func (s *session) rareMode() (mode string, rule *regexp.Regexp) {
	s.Helper()
	if s.doctor("--proxy-mode", "ipvs").of("kernel.ip_vs").State == "fatal" {
		return "nftables", ruleOfNFTables
	}
	return "ipvs", ruleOfIPVS
}
