package kube

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// directly takes no proxy, whatever HTTPS_PROXY says.
func directly(*http.Request) (*url.URL, error) { return nil, nil }

// onThisHost reports whether a server is at an address of this machine. People list
// the loopback address in NO_PROXY, and forget the others.
func onThisHost(server string) bool {
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	address, err := url.Parse(server)
	if err != nil {
		return false
	}
	name := address.Hostname()
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return name == "localhost"
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return ip.IsLoopback()
	}
	for _, each := range own {
		if prefix, err := netip.ParsePrefix(each.String()); err == nil && prefix.Addr().Unmap() == ip.Unmap().WithZone("") {
			return true
		}
	}
	return ip.IsLoopback()
}
