package verify

// Requested is a setting that the cluster's configuration asks a component to run
// with, beyond the defaults of kubeadm, kind and kindctl. It comes from patches,
// so that verification expects what the user asked for.
type Requested struct {
	// Node is the name of the node; "" is every node that runs the component.
	Node string `json:"node,omitempty"`
	// Component is kube-apiserver, kube-controller-manager, kube-scheduler, etcd,
	// kubelet, kube-proxy, containerd, or kubeadm for the rest of its configuration,
	// such as "networking.dnsDomain", or "nodeRegistration.taints" of a node.
	Component string `json:"component"`
	// Setting is a command-line flag with its dashes, "--event-ttl", or the path of a
	// field of the component's configuration, "authentication.anonymous.enabled". One
	// of containerd has the name that the patch uses, which may be an older one than
	// containerd's own, or is that of a field in a TOML file of the node, with the path
	// of the file as its first name: "/etc/containerd/certs.d/a/hosts.toml".server.
	Setting string `json:"setting"`
	// Value is the value of a flag as text, or that of a field as JSON has it; nil is
	// a setting to be left out.
	Value any `json:"value"`
	// Source is where the configuration asks for it, with file and line if known.
	Source string `json:"source,omitempty"`
}

// RequestedSetting returns the last request of the configuration for a setting of a
// component on a node; with node "" only what is asked for on all nodes.
func (e Expectation) RequestedSetting(component, node, setting string) (request Requested, asked bool) {
	for _, r := range e.Requested {
		if r.Component == component && r.Setting == setting && (r.Node == "" || r.Node == node) {
			request, asked = r, true
		}
	}
	return request, asked
}

// RequestedOf returns what is asked of a component on a node.
func (e Expectation) RequestedOf(component, node string) (requests []Requested) {
	for _, r := range e.Requested {
		if r.Component == component && (r.Node == "" || r.Node == node) {
			requests = append(requests, r)
		}
	}
	return requests
}
