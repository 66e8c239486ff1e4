package host

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Proxy is a proxy that the environment names.
type Proxy struct {
	Variable string // as it is set: https_proxy
	Host     string // without the user's name and password
}

// proxies reads the variables that kind hands to the nodes.
func proxies(getenv func(string) string) (found []Proxy) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		value := getenv(name)
		if value == "" {
			name = strings.ToLower(name)
			value = getenv(name)
		}
		if value != "" {
			found = append(found, Proxy{name, proxyHost(value)})
		}
	}
	return found
}

// proxyHost is the proxy's address; one without a scheme is of HTTP.
func proxyHost(value string) string {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	address, err := url.Parse(value)
	if err != nil || address.Host == "" {
		return "an address that cannot be read"
	}
	return address.Host
}

// loopback reports whether the proxy is one that only this machine can reach.
func (p Proxy) loopback() bool {
	name := (&url.URL{Host: p.Host}).Hostname()
	address, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && address.IsLoopback()
}

// proxy looks at the proxies that nodes will use. kind exempts the cluster's
// subnets, nodes and DNS names from them (kind v0.33.0,
// pkg/cluster/internal/providers/docker/provision.go).
func (f Facts) proxy(Needs) []Finding {
	if len(f.Proxies) == 0 {
		return []Finding{{ID: "proxy", State: OK, Observed: "the environment names no proxy"}}
	}
	var named, unreachable []string
	for _, proxy := range f.Proxies {
		text := fmt.Sprintf("%s is %s", proxy.Variable, proxy.Host)
		named = append(named, text)
		if proxy.loopback() {
			unreachable = append(unreachable, text)
		}
	}
	if len(unreachable) > 0 {
		return []Finding{{ID: "proxy", State: Warning, Observed: strings.Join(unreachable, ", "),
			Effect: "in a node that address is the node itself, so nodes pull no images from elsewhere",
			Fix:    "let the proxy listen on an address that containers reach, such as Docker's bridge, and name that one"}}
	}
	return []Finding{{ID: "proxy", State: OK, Observed: strings.Join(named, ", "),
		Effect: "nodes use it too, but not for the subnets of pods, services and nodes, which kind adds to their NO_PROXY"}}
}

// clockTolerance is how much earlier than made kubeadm's certificates become
// valid (CertificateBackdate in kubeadm's constants).
const clockTolerance = 5 * time.Minute

// clock compares Docker's clock with this one. They differ when Docker is on
// another machine, or in a virtual one that slept.
func (f Facts) clock(Needs) []Finding {
	if f.ClockAhead == nil {
		return f.unknown("clock", "the time of Docker's clock")
	}
	ahead := f.ClockAhead.Round(time.Second)
	if ahead.Abs() < clockTolerance {
		return []Finding{{ID: "clock", State: OK, Observed: fmt.Sprintf("Docker's clock and this one agree to within %s", max(ahead.Abs(), time.Second))}}
	}
	relation := "ahead of"
	if ahead < 0 {
		relation = "behind"
	}
	return []Finding{{ID: "clock", State: Warning, Observed: fmt.Sprintf("Docker's clock is %s %s this one", ahead.Abs(), relation),
		Effect: "certificates that are made by one are not valid for the other", Fix: "set the clocks (timedatectl set-ntp true), or start Docker Desktop again"}}
}

// clockAhead is the least difference that the time of the answer allows, which
// came between asked and answered.
func clockAhead(engine string, asked, answered time.Time) *time.Duration {
	at, err := time.Parse(time.RFC3339Nano, engine)
	if err != nil {
		return nil
	}
	var ahead time.Duration
	switch {
	case at.Before(asked):
		ahead = at.Sub(asked)
	case at.After(answered):
		ahead = at.Sub(answered)
	}
	return &ahead
}
