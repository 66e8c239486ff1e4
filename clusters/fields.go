package clusters

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/fidelity"
)

// field describes a field of the configuration file, for the file that init
// writes, for the JSON Schema and for docs/config.md.
type field struct {
	name   string
	about  string
	schema map[string]any
	// example stands in a comment where the field is left out. One that begins
	// with a new line is a block.
	example string
	// below are the fields of each item of a list, within those of an object.
	below, within []field
	// must says that an item of a list is nothing without it; instead is what
	// one can have in place of others, in the words of JSON Schema.
	must    bool
	instead []any
}

// sample is the example as it stands in a file.
func (f field) sample() string {
	if strings.HasPrefix(f.example, "\n") {
		return f.name + ":" + f.example + "\n"
	}
	return f.name + ": " + f.example + "\n"
}

// The subnets that Topology.parse reads, as far as a pattern can say: the bits
// beyond the prefix, and which of the families there must be, are left to Validate.
const (
	ipv4CIDR = `((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(3[0-2]|[12]?[0-9])`
	ipv6CIDR = `[0-9a-fA-F:]+:[0-9a-fA-F:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])`
	subnets  = "^(" + ipv4CIDR + "|" + ipv6CIDR + ")(,(" + ipv4CIDR + "|" + ipv6CIDR + "))?$"
)

const (
	// kubernetesVersion is what releases.Resolve reads, as far as a pattern can say.
	kubernetesVersion = `^v?1\.[0-9]+(\.[0-9]+(-[0-9A-Za-z.-]+)?)?$`
	// dnsName is a name as Validate wants it, without its length.
	dnsName = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// duration is what time.ParseDuration reads.
	duration = `^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$`
	// amount is a positive Kubernetes quantity.
	amount = `^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// taint is KEY[=VALUE]:EFFECT; what is allowed in it is left to Validate.
	taint = `^[^=:]+(=[^=:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$`
)

var (
	text    = map[string]any{"type": "string", "minLength": 1}
	yesOrNo = map[string]any{"type": "boolean"}
	port    = map[string]any{"type": "integer", "minimum": 1, "maximum": 65535}
	anyPort = map[string]any{"type": "integer", "minimum": 0, "maximum": 65535}
)

// fields describes every field of a Topology, in the order of the file.
func fields() []field {
	_, replacing := cni.ReplacingProxy()
	cnis := cni.Names()
	all := []field{
		{name: "apiVersion", about: "The version of this format.", schema: map[string]any{"const": APIVersion}, example: APIVersion},
		{name: "kind", about: "What the file describes.", schema: map[string]any{"const": Kind}, example: Kind},
		{name: "name", about: "The cluster's name; its kubeconfig context is kind-NAME. Without one it is --name, or kind.",
			schema: map[string]any{"type": "string", "pattern": dnsName, "maxLength": maxHostname - len(Topology{}.longestSuffix())}, example: "lab"},
		{name: "controlPlanes", about: "Nodes with an API server and an etcd member each. Use an odd number; several get a load balancer.",
			schema: map[string]any{"type": "integer", "minimum": 1, "maximum": maxNodes}, example: "1"},
		{name: "workers", about: "Nodes for ordinary pods. Control planes take none, unless the cluster has only one node.",
			schema: map[string]any{"type": "integer", "minimum": 0, "maximum": maxNodes - 1}, example: "2"},
		{name: "nodes", about: "All nodes, in groups that are alike, in place of controlPlanes and workers.", example: `
- role: control-plane
  ports:
  - {hostPort: 8080, containerPort: 30080}
- role: worker
  count: 2
  labels: {tier: backend}
  memory: 2Gi`, below: groupFields(), schema: map[string]any{"contains": map[string]any{"properties": map[string]any{"role": map[string]any{"const": ControlPlane}}}}},
		{name: "etcd", about: "Where etcd runs: stacked, a member on each control plane, or external, in containers of its own.",
			schema: map[string]any{"enum": EtcdPlaces, "default": StackedEtcd}, example: ExternalEtcd},
		{name: "etcdMembers", about: "Number of external etcd members; implies etcd: external. Use an odd number: an even one tolerates no more failures than one member fewer.",
			schema: map[string]any{"type": "integer", "minimum": 1, "maximum": maxEtcdMembers, "default": DefaultEtcdMembers}, example: "3"},
		{name: "allowEvenEtcd", about: "Allow an even number of etcdMembers.", schema: yesOrNo, example: "true"},
		{name: "cni", about: "The network between pods: " + strings.Join(cnis[:len(cnis)-1], ", ") + ", or none to install your own.",
			schema: map[string]any{"enum": cnis}, example: cnis[0]},
		{name: "proxyMode", about: "How kube-proxy implements Services: iptables, nftables, ipvs (deprecated), or none for " + replacing + " in its place.",
			schema: map[string]any{"enum": ProxyModes}, example: "iptables"},
		{name: "ipFamily", about: "The versions of IP that pods and Services have: ipv4, ipv6, or dual for both.",
			schema: map[string]any{"enum": IPFamilies, "default": IPv4}, example: DualStack},
		{
			name: "podSubnet",
			about: fmt.Sprintf(
				"Addresses of pods; with dual, a CIDR of each family and a comma between. Each node takes a /%d, or a /%d of IPv6. Without it %s, or %s.",
				four.nodeBits,
				six.nodeBits,
				four.pods,
				six.pods,
			),
			schema:  map[string]any{"type": "string", "pattern": subnets},
			example: four.pods,
		},
		{
			name: "serviceSubnet",
			about: fmt.Sprintf(
				"Addresses of Services, from /%d to /%d, or from /%d to /%d of IPv6. Without it %s, or %s.",
				four.minServiceBits,
				four.maxServiceBits,
				six.minServiceBits,
				six.maxServiceBits,
				four.services,
				six.services,
			),
			schema:  map[string]any{"type": "string", "pattern": subnets},
			example: four.services,
		},
		{
			name:    "apiServerPort",
			about:   "The API server's port on this machine. Without one, or with 0, it is a free one.",
			schema:  anyPort,
			example: "6443",
		},
		{
			name:    "kubernetesVersion",
			about:   "The version of Kubernetes: a minor one, for the newest patch that kindctl knows, or a whole one. Without it, the newest that kindctl finds images of.",
			schema:  map[string]any{"type": "string", "pattern": kubernetesVersion},
			example: `"1.36"`,
		},
		{
			name:    "image",
			about:   "The node image, which decides the version of Kubernetes, in place of kubernetesVersion. Without one kindctl finds or builds it.",
			schema:  text,
			example: "kindest/node:v1.37.2",
		},
		{name: "network", about: "The nodes' Docker network. Without one it is kind's, which all clusters share.",
			schema: map[string]any{"type": "string", "pattern": networkName.String()}, example: "lab"},
		{name: "fidelity", about: "How close the cluster is to production: fast, with shortcuts, or production, without; kindctl up --explain lists them.",
			schema: map[string]any{"enum": fidelity.Modes, "default": fidelity.Fast}, example: fidelity.Production},
		{name: "ttl", about: "Lifetime of the cluster, after which kindctl gc removes it. Without a ttl it stays.",
			schema: map[string]any{"type": "string", "pattern": duration}, example: "2h"},
		{name: "featureGates", about: "Feature gates of Kubernetes, on or off in every component. An unknown one is refused before a node is made.",
			schema: switches(gateName.String()), example: "\n  MemoryQoS: true"},
		{name: "runtimeConfig", about: "APIs that the API server serves or not: a version, or api/alpha, api/beta, api/all.",
			schema: switches(apiName.String()), example: "\n  api/alpha: true"},
		{name: "manifests", about: "Objects to apply once the CNI works, one file after the other, each ready before the next.", example: `
- file: ingress.yaml`, below: manifestFields(), instead: []any{
			map[string]any{"required": []string{"file"}, "properties": map[string]any{"url": false}},
			map[string]any{"required": []string{"url", "sha256"}, "properties": map[string]any{"file": false}},
		}},
	}
	return append(append(all, cniFields()...), field{name: "kindConfig", about: "What has no field here, in kind's own format, " + kindVersion + ": patches of kubeadm and containerd, dnsSearch and the like.",
		schema: shape[v1alpha4.Cluster](), example: `
  kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        v: "4"`})
}

func groupFields() []field {
	return []field{
		{name: "role", must: true, about: "control-plane or worker.", schema: map[string]any{"enum": roles}},
		{name: "count", about: "How many such nodes there are.", schema: map[string]any{"type": "integer", "minimum": 1, "maximum": maxNodes, "default": 1}},
		{name: "labels", about: "Labels of the Kubernetes nodes, any but those that Kubernetes sets itself.",
			schema: map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}},
		{name: "taints", about: "Taints, as KEY=VALUE:EFFECT or KEY:EFFECT. Control planes keep their own.",
			schema: map[string]any{"type": "array", "items": map[string]any{"type": "string", "pattern": taint}}},
		{name: "ports", about: "Ports of the node that this machine publishes.", below: portFields()},
		{name: "mounts", about: "Files and directories of this machine that the node sees.", below: mountFields()},
		{name: "cpus", about: "Processors that the node may use at most, such as 1.5. Kubernetes schedules by it.", schema: quantities(amount)},
		{name: "memory", about: "Memory that the node may use at most, such as 2Gi. Kubernetes schedules by it.", schema: quantities(amount)},
	}
}

func portFields() []field {
	return []field{
		{name: "containerPort", must: true, about: "The node's port: a NodePort, or a hostPort of a pod.", schema: port},
		{name: "hostPort", about: "This machine's port. Without one, or with 0, it is a free one: docker port NODE.", schema: anyPort},
		{name: "listenAddress", about: "This machine's address; 0.0.0.0 is all of them.", schema: map[string]any{"type": "string", "default": Port{}.Address()}},
		{name: "protocol", about: "TCP, UDP or SCTP.", schema: map[string]any{"enum": protocols, "default": Port{}.Proto()}},
	}
}

func mountFields() []field {
	return []field{
		{name: "hostPath", must: true, about: "The path on this machine. A relative one begins where the configuration file is.",
			schema: map[string]any{"type": "string", "pattern": "^[^:]+$"}},
		{name: "containerPath", must: true, about: "The path in the node, for hostPath volumes of pods.", schema: map[string]any{"type": "string", "pattern": "^/[^:]*$"}},
		{name: "readOnly", about: "The node may not write.", schema: yesOrNo},
		{name: "propagation", about: "Mount propagation: None, HostToContainer or Bidirectional.",
			schema: map[string]any{"enum": propagations, "default": propagations[0]}},
		{name: "selinuxRelabel", about: "Give the files a label that SELinux lets the node read.", schema: yesOrNo},
	}
}

func manifestFields() []field {
	return []field{
		{name: "file", about: "A path on this machine. A relative one begins where the configuration file is.", schema: text},
		{name: "url", about: "An address to read it from instead.", schema: map[string]any{"type": "string", "pattern": "^https://[^/]"}},
		{name: "sha256", about: "What its content hashes to. Needed with a url.", schema: map[string]any{"type": "string", "pattern": hexadecimal.String()}},
		{name: "noWait", about: "Go on before its workloads are ready.", schema: yesOrNo},
	}
}

// switches are things to turn on or off, by names of this pattern.
func switches(names string) map[string]any {
	return map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": names}, "additionalProperties": yesOrNo}
}

// quantities are texts of a pattern, or numbers.
func quantities(pattern string) map[string]any {
	return map[string]any{"type": []string{"string", "number"}, "pattern": pattern, "exclusiveMinimum": 0}
}
