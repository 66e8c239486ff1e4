//go:build e2e

package e2e

import (
	"net/netip"
	"strings"
	"testing"
)

// TestIPFamilies makes clusters with addresses of IPv6, alone and beside IPv4, and
// has pods talk to each other by each of them, seen from outside of kindctl.
func TestIPFamilies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, cni, family, mode string
		more                    []string
		short                   bool
	}{
		{name: "dual", cni: "calico", family: "dual", mode: "nftables", short: true},
		{name: "six", cni: "calico", family: "ipv6", mode: "iptables", more: []string{"--etcd", "external", "--etcd-members", "3"}},
		{name: "dual-cilium", cni: "cilium", family: "dual", mode: "iptables"},
		{name: "six-cilium", cni: "cilium", family: "ipv6", mode: "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !test.short {
				long(t)
			}
			cluster := "e2e-ip-" + test.name
			s := newSession(t, cluster)
			s.Must(append([]string{"up", "--cni", test.cni, "--ip-family", test.family, "--proxy-mode", test.mode, "--workers", "1", "-n", cluster}, test.more...)...)
			s.Kubectl(cluster, "create", "deployment", "web", "--image="+s.probeImage(cluster), "--replicas=1", "--", "/agnhost", "netexec")
			s.Kubectl(cluster, "create", "deployment", "client", "--image="+s.probeImage(cluster), "--", "/agnhost", "pause")
			s.Apply(cluster, "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n")
			s.Kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=120s")
			s.Kubectl(cluster, "rollout", "status", "deployment/client", "--timeout=120s")
			seen := map[bool]bool{}
			for _, list := range []string{
				s.Kubectl(cluster, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].status.podIPs[*].ip}"),
				s.Kubectl(cluster, "get", "service", "web", "-o", "jsonpath={.spec.clusterIPs[*]}"),
			} {
				for text := range strings.FieldsSeq(list) {
					address := netip.MustParseAddr(text)
					port := uint16(80)
					if strings.HasPrefix(text, "10.244.") || strings.HasPrefix(text, "fd00:10:244:") {
						port = 8080
					}
					seen[address.Is6()] = true
					s.Kubectl(cluster, "exec", "deployment/client", "--", "/agnhost", "connect", netip.AddrPortFrom(address, port).String(), "--timeout=5s")
				}
			}
			if want := map[bool]bool{true: true, false: test.family == "dual"}; seen[true] != want[true] || seen[false] != want[false] {
				t.Errorf("family %s has addresses of IPv6: %v, of IPv4: %v", test.family, seen[true], seen[false])
			}
			s.Must("down", "-n", cluster)
		})
	}
}
