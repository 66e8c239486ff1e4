package proxy

import (
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// How nft prints an endpoint: as the value of a map, or as the one target.
var (
	nftMapped = regexp.MustCompile(`: ([0-9a-f.:]+) \. ([0-9]+)`)
	nftSingle = regexp.MustCompile(`dnat to ([0-9.]+:[0-9]+|\[[0-9a-f:]+\]:[0-9]+)`)
	nftAffine = regexp.MustCompile(`(?m)^.* saddr @affinity-.*$`)
	nftGoto   = regexp.MustCompile(`goto "?(endpoint-[^\s,"}]+)`)
)

// readNFTables follows, in what nft prints of kube-proxy's table, the Service's
// address in the map of Services to its chain, and from there to the endpoints:
// directly, or, with session affinity, through a chain for each, which has one
// more jump for clients that it knows.
func readNFTables(printed string, service probe.ServiceBackends) (rules []string, err error) {
	element := regexp.MustCompile(fmt.Sprintf(`\b%s \. tcp \. %d(?: comment "[^"]*")? : goto "?(service-[^\s,"}]+)`, regexp.QuoteMeta(service.Address.Addr().String()), service.Address.Port()))
	match := element.FindStringSubmatch(printed)
	if match == nil {
		return nil, fmt.Errorf("the map service-ips has no element for %s", service.Address)
	}
	chains := nftChains(printed)
	body, known := chains[match[1]]
	if !known {
		return nil, fmt.Errorf("there is no chain %s", match[1])
	}
	body = nftAffine.ReplaceAllString(body, "")
	rules = append(rules, match[0])
	for _, jump := range nftGoto.FindAllStringSubmatch(body, -1) {
		body += chains[jump[1]]
	}
	var found []string
	for line := range strings.Lines(body) {
		for _, target := range nftMapped.FindAllStringSubmatch(line, -1) {
			found = append(found, net.JoinHostPort(target[1], target[2]))
		}
		for _, target := range nftSingle.FindAllStringSubmatch(line, -1) {
			found = append(found, target[1])
		}
		if strings.Contains(line, "dnat") {
			rules = append(rules, "chain "+match[1]+": "+strings.TrimSpace(line))
		}
	}
	return rules, service.LeadsTo(found)
}

// nftChains returns the body of every chain in what nft prints.
func nftChains(printed string) map[string]string {
	chains := map[string]string{}
	name := ""
	for line := range strings.Lines(printed) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 3 && fields[0] == "chain" && fields[len(fields)-1] == "{":
			name = strings.Trim(fields[1], `"`)
			chains[name] = "" // it may be empty
		case len(fields) == 1 && fields[0] == "}":
			name = ""
		case name != "":
			chains[name] += line
		}
	}
	return chains
}
