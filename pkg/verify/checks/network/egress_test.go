package network

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

const (
	routeTable = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n" +
		"eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	routeTable6 = "fc00f853ccd0e7930000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n" +
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 fc00f853ccd0e7930000000000000001 00000400 00000001 00000000 00000003     eth0\n" +
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
)

func TestDefaultRoutes(t *testing.T) {
	tests := []struct {
		name, table, want string
		read              func(string) (netip.Addr, error)
	}{
		{"IPv4", routeTable, "172.18.0.1", defaultRoute},
		{"none of IPv4", strings.Split(routeTable, "eth0\t0000000")[0], "invalid IP", defaultRoute},
		{"IPv6", routeTable6, "fc00:f853:ccd0:e793::1", defaultRoute6},
		{"none of IPv6", "", "invalid IP", defaultRoute6},
	}
	for _, tt := range tests {
		got, err := tt.read(tt.table)
		if err != nil || got.String() != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.name, got, err, tt.want)
		}
	}
	if _, err := defaultRoute("a b\neth0\t00000000\tGATEWAYS\t0003\t0\t0\t0\t00000000\n"); err == nil {
		t.Error("a table in another format is read")
	}
}

func TestOutsideReached(t *testing.T) {
	refused, silent := targettest.Reply{Errors: []string{"connect: connection refused"}}, targettest.Reply{Errors: []string{"i/o timeout"}}
	tests := map[string]struct {
		silent       func(pod string) bool
		table        string
		want         string
		inapplicable bool
	}{
		"all are answered":        {func(string) bool { return false }, routeTable, "", false},
		"one pod is not answered": {func(pod string) bool { return pod == "probe-w2" }, routeTable, "w2 -> the gateway outside (172.18.0.1:9, http): no answer came back: i/o timeout", false},
		"a node is not either":    {func(pod string) bool { return strings.HasSuffix(pod, "w2") }, routeTable, "", false},
		"no one is answered":      {func(string) bool { return true }, routeTable, "nothing outside of the cluster answers its nodes", true},
		"no gateway":              {func(string) bool { return false }, "Iface\n", "no default gateway", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target, _ := targettest.Networked(nil)
			pods := targettest.Dialed(func(pod string, _ url.Values) (targettest.Reply, error) {
				if test.silent(pod) {
					return silent, nil
				}
				return refused, nil
			})
			pods.OnShell = func(_ kube.PodRef, command string) (string, error) { return test.table, nil }
			target.Pods = pods
			_, err := outsideReached(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsInapplicable(err) != test.inapplicable {
				t.Errorf("inapplicable is %v: %v", !test.inapplicable, err)
			}
		})
	}
}
