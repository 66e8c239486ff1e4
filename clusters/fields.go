package clusters

// field describes a field of the configuration file, for the file that init
// writes and for the JSON Schema.
type field struct {
	name   string
	about  string
	schema map[string]any
	// example stands in a comment where the field is left out.
	example string
}

// ipv4CIDR is what parseSubnet reads, as far as a pattern can tell: the bits
// beyond the prefix are left to Validate.
const ipv4CIDR = `^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(3[0-2]|[12]?[0-9])$`

// dnsName is a name as Validate wants it, without its length.
const dnsName = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`

// fields describes every field of a Topology, in the order of the file.
func fields() []field {
	return []field{
		{"apiVersion", "The version of this format.", map[string]any{"const": APIVersion}, APIVersion},
		{"kind", "What the file describes.", map[string]any{"const": Kind}, Kind},
		{"name", "The cluster's name; its kubeconfig context is kind-NAME. Without one it is --name, or kind.",
			map[string]any{"type": "string", "pattern": dnsName, "maxLength": maxHostname - len(Topology{}.longestSuffix())}, "lab"},
		{"controlPlanes", "Nodes with an API server and an etcd member each. Use an odd number; several get a load balancer.",
			map[string]any{"type": "integer", "minimum": 1, "maximum": maxNodes}, "1"},
		{"workers", "Nodes for ordinary pods. Control planes take none, unless there is but one node.",
			map[string]any{"type": "integer", "minimum": 0, "maximum": maxNodes - 1}, "2"},
		{"cni", "The network between pods: cilium, calico, or none to install your own.",
			map[string]any{"enum": CNIs}, "cilium"},
		{"proxyMode", "How kube-proxy implements Services: iptables, nftables, ipvs (deprecated), or none for Cilium in its place.",
			map[string]any{"enum": ProxyModes}, "iptables"},
		{"podSubnet", "IPv4 addresses of pods. Each node takes a /24.",
			map[string]any{"type": "string", "pattern": ipv4CIDR}, "10.244.0.0/16"},
		{"serviceSubnet", "IPv4 addresses of Services, from /12 to /28.",
			map[string]any{"type": "string", "pattern": ipv4CIDR}, "10.96.0.0/16"},
		{"apiServerPort", "The API server's port on this machine. Without one, or with 0, it is a free one.",
			map[string]any{"type": "integer", "minimum": 0, "maximum": 65535}, "6443"},
	}
}
