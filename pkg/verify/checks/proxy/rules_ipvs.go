package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// readIPVS finds the virtual server of the Service in /proc/net/ip_vs, where
// addresses and ports are hexadecimal: a line for each virtual server, and
// beneath it one that begins with an arrow for each real server. One with the
// weight 0 gets no new connections.
func readIPVS(printed string, service probe.ServiceBackends) (rules []string, err error) {
	var found []string
	inside, known := false, false
	for line := range strings.Lines(printed) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 2 && fields[0] == "->":
			address, ok := fromHex(fields[1])
			if inside && ok && len(fields) >= 4 && fields[3] != "0" {
				found, rules = append(found, address.String()), append(rules, fmt.Sprintf("  -> %s %s", address, strings.Join(fields[2:], " ")))
			}
		case len(fields) >= 3:
			address, ok := fromHex(fields[1])
			inside = ok && fields[0] == "TCP" && address == service.Address
			if inside {
				known, rules = true, append(rules, fmt.Sprintf("TCP %s %s", address, strings.Join(fields[2:], " ")))
			}
		}
	}
	if !known {
		return nil, fmt.Errorf("there is no virtual server %s", service.Address)
	}
	return rules, service.LeadsTo(found)
}

// fromHex reads "0A60000A:0035", and "[fd00:0010:0096:0000:0000:0000:0000:0001]:0035".
func fromHex(text string) (netip.AddrPort, bool) {
	colon := max(strings.LastIndex(text, ":"), 0)
	number, err := hex.DecodeString(strings.TrimPrefix(text[colon:], ":"))
	if err != nil || len(number) != 2 {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(number)
	if six, is := strings.CutPrefix(text[:colon], "["); is {
		address, err := netip.ParseAddr(strings.TrimSuffix(six, "]"))
		return netip.AddrPortFrom(address, port), err == nil
	}
	ip, err := hex.DecodeString(text[:colon])
	if err != nil || len(ip) != 4 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip)), port), true
}
