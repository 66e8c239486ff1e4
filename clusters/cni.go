package clusters

// Cilium is what a configuration asks of Cilium.
type Cilium struct {
	// Hubble has every agent record the flows that it sees.
	Hubble bool `yaml:"hubble,omitempty"`
	// DNSProxy lets Cilium's policies name hosts.
	DNSProxy bool `yaml:"dnsProxy,omitempty"`
	// L7Proxy runs Envoy on every node, for policies for HTTP and TLS.
	L7Proxy bool `yaml:"l7Proxy,omitempty"`
	// GatewayAPI installs Gateway API's definitions and has Cilium serve them.
	GatewayAPI bool `yaml:"gatewayAPI,omitempty"`
	// Values are Helm values of Cilium's chart.
	Values map[string]any `yaml:"values,omitempty"`
}

// Calico is what a configuration asks of Calico.
type Calico struct {
	// Felix is the spec of the FelixConfiguration "default".
	Felix map[string]any `yaml:"felix,omitempty"`
}

// Place is where a configuration file or the environment sets the value of a path,
// such as "cilium.values[hubble]", in the form "FILE:LINE: ", or "".
func (t Topology) Place(path string) string { return t.origins.prefix(path) }

// validateCNI checks that settings are for the CNI that there is.
func (t Topology) validateCNI(complain complaint) {
	if t.Cilium != nil && t.CNI != "cilium" {
		complain("cilium", "cilium has settings, but the CNI is %s; write cni: cilium, or leave them out", t.CNI)
	}
	if t.Cilium != nil && t.Cilium.GatewayAPI && t.CNI == "cilium" && t.ProxyMode != "none" {
		complain("cilium.gatewayAPI", "gatewayAPI with proxyMode %s: Cilium serves Gateway API only in kube-proxy's place; write proxyMode: none, or leave gatewayAPI out", t.ProxyMode)
	}
	if t.Calico != nil && t.CNI != "calico" {
		complain("calico", "calico has settings, but the CNI is %s; write cni: calico, or leave them out", t.CNI)
	}
}

func ciliumFields() []field {
	return []field{
		{name: "hubble", about: "Have every agent record the flows that it sees, for the command hubble, or for Hubble Relay and UI, which values turn on.", schema: yesOrNo},
		{name: "dnsProxy", about: "Enforce policies that name hosts (toFQDNs) or rule DNS requests. Takes no image of its own.", schema: yesOrNo},
		{name: "l7Proxy", about: "Run Envoy on every node, for policies for HTTP and TLS; includes dnsProxy. Its image comes from a registry.", schema: yesOrNo},
		{name: "gatewayAPI", about: "Serve Gateway API: its resource definitions, Cilium's controllers and the GatewayClass `cilium`. Takes proxyMode none; includes l7Proxy.", schema: yesOrNo},
		{name: "values", about: "Helm values of Cilium's chart, over kindctl's own. They are checked against the chart before a node is made; those that other fields decide are refused.",
			schema: map[string]any{"type": "object"}},
	}
}

func calicoFields() []field {
	return []field{
		{name: "felix", about: "Settings of Felix, Calico's agent: the spec of its FelixConfiguration. They are checked against Calico's schema before a node is made; those that other fields decide are refused.",
			schema: map[string]any{"type": "object"}},
	}
}
