package proxy

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/netip"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// iptablesChain is the chain of a Service's port: kube-proxy shortens the hash
// of its name and protocol to the 16 characters that fit
// (pkg/proxy/iptables, portProtoHash).
func iptablesChain(name string) string {
	sum := sha256.Sum256([]byte(name + "tcp"))
	return "KUBE-SVC-" + base32.StdEncoding.EncodeToString(sum[:])[:16]
}

// readIPTables follows, in what iptables-save prints, the Service's address to
// its chain, from there to a chain for each endpoint, and from there to the
// endpoint. With session affinity each endpoint has one more jump, for clients
// that it knows of late.
func readIPTables(printed string, service probe.ServiceBackends) (rules []string, err error) {
	chain := iptablesChain(service.Name)
	var jumps []string
	targets := map[string]string{} // of the endpoints' chains
	ruleOf := map[string]string{}
	entered := false
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "-A" {
			continue
		}
		jump := after(fields, "-j")
		switch from := fields[1]; {
		case from == "KUBE-SERVICES" && jump == chain:
			if after(fields, "-d") == whole(service.Address.Addr()) && after(fields, "--dport") == fmt.Sprint(service.Address.Port()) {
				entered, rules = true, append(rules, line)
			}
		case from == chain && strings.HasPrefix(jump, "KUBE-SEP-") && !strings.Contains(line, " -m recent "):
			jumps, rules = append(jumps, jump), append(rules, line)
		case strings.HasPrefix(from, "KUBE-SEP-") && jump == "DNAT":
			targets[from], ruleOf[from] = after(fields, "--to-destination"), line
		}
	}
	if !entered {
		return nil, fmt.Errorf("KUBE-SERVICES has no rule for %s that jumps to %s", service.Address, chain)
	}
	var found []string
	for _, jump := range jumps {
		if target, known := targets[jump]; known {
			found, rules = append(found, target), append(rules, ruleOf[jump])
		}
	}
	return rules, service.LeadsTo(found)
}

// whole is the subnet of one address.
func whole(address netip.Addr) string {
	return netip.PrefixFrom(address, address.BitLen()).String()
}

// after returns the word that follows a flag, or "".
func after(fields []string, flag string) string {
	for i, field := range fields[:len(fields)-1] {
		if field == flag {
			return fields[i+1]
		}
	}
	return ""
}
