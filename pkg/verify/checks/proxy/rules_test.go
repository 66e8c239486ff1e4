package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

var twoEndpoints = probe.ServiceBackends{Name: "kindctl-verify-x/fleet:http", Address: netip.MustParseAddrPort("10.96.0.77:80"), Endpoints: []string{"10.244.1.5:8080", "10.244.2.6:8080"}}

// printedIPTables is a nat table with the Service and another one.
var printedIPTables = strings.ReplaceAll(`*nat
:KUBE-SERVICES - [0:0]
-A KUBE-SERVICES -d 10.96.0.77/32 -p tcp -m comment --comment "kindctl-verify-x/fleet:http cluster IP" -m tcp --dport 80 -j CHAIN
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A CHAIN ! -s 10.244.0.0/16 -d 10.96.0.77/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
-A CHAIN -m comment --comment "kindctl-verify-x/fleet:http -> 10.244.1.5:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-A
-A CHAIN -m comment --comment "kindctl-verify-x/fleet:http -> 10.244.2.6:8080" -j KUBE-SEP-B
-A KUBE-SEP-A -s 10.244.1.5/32 -m comment --comment "kindctl-verify-x/fleet:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-A -p tcp -m comment --comment "kindctl-verify-x/fleet:http" -m tcp -j DNAT --to-destination 10.244.1.5:8080
-A KUBE-SEP-B -p tcp -m comment --comment "kindctl-verify-x/fleet:http" -m tcp -j DNAT --to-destination 10.244.2.6:8080
-A KUBE-SEP-C -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 172.18.0.3:6443
COMMIT
`, "CHAIN", iptablesChain("kindctl-verify-x/fleet:http"))

const printedNFTables = `table ip kube-proxy {
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.96.0.1 . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https,
			     10.96.0.77 . tcp . 80 : goto service-ABCDEFGH-kindctl-verify-x/fleet/tcp/http }
	}

	chain service-2QRHZV4L-default/kubernetes/tcp/https {
		meta l4proto tcp dnat to 172.18.0.3:6443
	}

	chain service-ABCDEFGH-kindctl-verify-x/fleet/tcp/http {
		ip daddr 10.96.0.77 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
		meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.1.5 . 8080, 1 : 10.244.2.6 . 8080 }
	}
}
`

const affineNFTables = `	map service-ips {
		elements = { 10.96.0.77 . tcp . 80 : goto service-H-n/fleet/tcp/http }
	}
	chain service-H-n/fleet/tcp/http {
		ip saddr @affinity-A-n/fleet/tcp/http__10.244.1.5/8080 goto endpoint-A-n/fleet/tcp/http__10.244.1.5/8080
		ip saddr @affinity-B-n/fleet/tcp/http__10.244.2.6/8080 goto endpoint-B-n/fleet/tcp/http__10.244.2.6/8080
		numgen random mod 2 vmap { 0 : goto endpoint-A-n/fleet/tcp/http__10.244.1.5/8080, 1 : goto endpoint-B-n/fleet/tcp/http__10.244.2.6/8080 }
	}
	chain endpoint-A-n/fleet/tcp/http__10.244.1.5/8080 {
		update @affinity-A-n/fleet/tcp/http__10.244.1.5/8080 { ip saddr }
		meta l4proto tcp dnat to 10.244.1.5:8080
	}
	chain endpoint-B-n/fleet/tcp/http__10.244.2.6/8080 {
		meta l4proto tcp dnat to 10.244.2.6:8080
	}
`

const printedIPVS = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:01BB rr
  -> AC120003:192B      Masq    1      3          0
TCP  0A60004D:0050 rr
  -> 0AF40206:1F90      Masq    1      0          0
  -> 0AF40105:1F90      Masq    1      0          0
UDP  0A60004D:0050 rr
  -> 0AF40309:1F90      Masq    1      0          0
`

// affineIPTables is printedIPTables with session affinity: a jump more to each
// endpoint, and each endpoint remembers whom it served.
func affineIPTables() string {
	chain := iptablesChain(twoEndpoints.Name)
	again := func(sep, endpoint string) string {
		return "-A " + chain + ` -m comment --comment "kindctl-verify-x/fleet:http -> ` + endpoint + `" -m recent --rcheck --seconds 10800 --reap --name ` + sep + " --mask 255.255.255.255 --rsource -j " + sep + "\n"
	}
	first := "-A " + chain + ` -m comment --comment "kindctl-verify-x/fleet:http -> 10.244.1.5:8080" -m statistic`
	printed := strings.Replace(printedIPTables, first, again("KUBE-SEP-A", "10.244.1.5:8080")+again("KUBE-SEP-B", "10.244.2.6:8080")+first, 1)
	return strings.ReplaceAll(printed, " -m tcp -j DNAT", " -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource -m tcp -j DNAT")
}

func TestProxyRules(t *testing.T) {
	less := strings.NewReplacer
	tests := map[string]struct {
		mode, printed, want string
	}{
		"iptables":                           {"iptables", printedIPTables, ""},
		"iptables, affinity":                 {"iptables", affineIPTables(), ""},
		"iptables, affinity, a jump is lost": {"iptables", less(`8080" -j KUBE-SEP-B`, `8080" -j RETURN`).Replace(affineIPTables()), "lead 10.96.0.77:80 to [10.244.1.5:8080], not"},
		"iptables, a jump is lost":           {"iptables", less(`-j KUBE-SEP-B`, `-j RETURN`).Replace(printedIPTables), "lead 10.96.0.77:80 to [10.244.1.5:8080], not to [10.244.1.5:8080 10.244.2.6:8080]"},
		"iptables, another target":           {"iptables", less("--to-destination 10.244.2.6", "--to-destination 10.244.9.9").Replace(printedIPTables), "to [10.244.1.5:8080 10.244.9.9:8080]"},
		"iptables, no way in":                {"iptables", less("-d 10.96.0.77/32", "-d 10.96.0.78/32").Replace(printedIPTables), "KUBE-SERVICES has no rule for 10.96.0.77:80"},
		"iptables, another port":             {"iptables", less("--dport 80 -j KUBE-SVC", "--dport 81 -j KUBE-SVC").Replace(printedIPTables), "KUBE-SERVICES has no rule"},
		"iptables, a jump twice":             {"iptables", printedIPTables + "-A " + iptablesChain(twoEndpoints.Name) + " -j KUBE-SEP-B\n", "to [10.244.1.5:8080 10.244.2.6:8080 10.244.2.6:8080]"},
		"iptables, nothing printed":          {"iptables", "", "KUBE-SERVICES has no rule"},
		"nftables":                           {"nftables", printedNFTables, ""},
		"nftables, affinity":                 {"nftables", affineNFTables, ""},
		"nftables, affinity, one is lost":    {"nftables", less(", 1 : goto endpoint-B-n/fleet/tcp/http__10.244.2.6/8080", "").Replace(affineNFTables), "to [10.244.1.5:8080], not"},
		"nftables, one is lost":              {"nftables", less(", 1 : 10.244.2.6 . 8080", "").Replace(printedNFTables), "to [10.244.1.5:8080], not"},
		"nftables, a longer address":         {"nftables", less("10.96.0.77 . tcp", "110.96.0.77 . tcp").Replace(printedNFTables), "service-ips has no element for 10.96.0.77:80"},
		"nftables, no element":               {"nftables", less("10.96.0.77 . tcp", "10.96.0.77 . udp").Replace(printedNFTables), "service-ips has no element for 10.96.0.77:80"},
		"nftables, no chain":                 {"nftables", less("chain service-ABCDEFGH", "chain service-ABC").Replace(printedNFTables), "there is no chain service-ABCDEFGH"},
		"nftables, an empty chain":           {"nftables", less("		ip daddr 10.96.0.77 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade\n		meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.1.5 . 8080, 1 : 10.244.2.6 . 8080 }\n", "").Replace(printedNFTables), "to [], not to"},
		"nftables, nothing":                  {"nftables", "", "has no element"},
		"ipvs":                               {"ipvs", printedIPVS, ""},
		"ipvs, one is lost":                  {"ipvs", less("  -> 0AF40105:1F90      Masq    1      0          0\n", "").Replace(printedIPVS), "to [10.244.2.6:8080], not"},
		"ipvs, one has no weight":            {"ipvs", less("0AF40105:1F90      Masq    1", "0AF40105:1F90      Masq    0").Replace(printedIPVS), "to [10.244.2.6:8080], not"},
		"ipvs, no virtual server":            {"ipvs", less("TCP  0A60004D:0050", "TCP  0A60004D:0051").Replace(printedIPVS), "there is no virtual server 10.96.0.77:80"},
		"ipvs, nothing printed":              {"ipvs", "", "there is no virtual server"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rules, err := tables[test.mode].read(test.printed, twoEndpoints)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(rules) < 2 {
				t.Errorf("rules %q", rules)
			}
		})
	}
}

// TestIPTablesChain has the chain of the Service that every cluster has.
func TestIPTablesChain(t *testing.T) {
	if got, want := iptablesChain("default/kubernetes:https"), "KUBE-SVC-NPX46M4PTMTKRN6Y"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
