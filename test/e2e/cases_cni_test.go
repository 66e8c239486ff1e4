//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

// settings are what people ask of the CNI itself.
func settings() []situation {
	return []situation{
		{
			name:    "policy-for-names",
			brings:  "`cilium: {hubble: true, dnsProxy: true}` and a Helm value, and a policy that lets pods reach one name outside of the cluster",
			outcome: "works: the name is reached, another one is not; agents run with what was asked for",
			try:     policyForNames,
		},
		{
			name:    "gateway-api",
			brings:  "`cilium: {gatewayAPI: true}`, without an image of Envoy",
			outcome: "refused beside kube-proxy; in its place Cilium accepts the GatewayClass and reconciles a Gateway, which waits for Envoy",
			try:     gatewayAPI,
		},
		{
			name:    "felix-settings",
			brings:  "`calico: {felix: ...}`: less to read in Felix's log",
			outcome: "works; the setting is in the FelixConfiguration",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--config", s.file(cluster, strings.Replace(kindctlFile, "cni: none", "cni: calico", 1)+"calico:\n  felix: {logSeverityScreen: Warning}\n"))
				if severity := s.Kubectl(cluster, "get", "felixconfigurations.crd.projectcalico.org", "default", "-o", "jsonpath={.spec.logSeverityScreen}"); severity != "Warning" {
					s.Errorf("Felix writes what is %q or worse", severity)
				}
			},
		},
	}
}

// outside are two names in the cluster's DNS, of addresses on the control plane that
// no pod and no node has, and a server and a client on different nodes.
const outside = `apiVersion: v1
kind: Pod
metadata: {name: server}
spec:
  hostNetwork: true
  nodeName: %[1]s-control-plane
  containers:
  - {name: web, image: %[2]s, imagePullPolicy: IfNotPresent, args: [netexec, --http-port=8080, --udp-port=-1]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec:
  nodeName: %[1]s-worker
  containers:
  - {name: web, image: %[2]s, imagePullPolicy: IfNotPresent, args: [netexec]}
---
apiVersion: v1
kind: Service
metadata: {name: allowed}
spec: {clusterIP: None, ports: [{port: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: allowed, labels: {kubernetes.io/service-name: allowed}}
addressType: IPv4
endpoints: [{addresses: [203.0.113.10]}]
ports: [{port: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {clusterIP: None, ports: [{port: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: other, labels: {kubernetes.io/service-name: other}}
addressType: IPv4
endpoints: [{addresses: [203.0.113.11]}]
ports: [{port: 8080}]
`

const byName = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: by-name}
spec:
  endpointSelector: {matchLabels: {app: client}}
  egress:
  - toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}]
    toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]
  - toFQDNs: [{matchName: allowed.default.svc.cluster.local}]
`

func policyForNames(s *session, cluster string) {
	s.Must("up", "--images", "local", "--config", s.file(cluster, strings.Replace(kindctlFile, "cni: none\nworkers: 0", "cni: cilium\nworkers: 1", 1)+
		"cilium:\n  hubble: true\n  dnsProxy: true\n  values: {bandwidthManager: {enabled: true}}\n"))
	for name, want := range map[string]string{"enable-hubble": "true", "enable-l7-proxy": "true", "enable-bandwidth-manager": "true"} {
		if have := s.Kubectl(cluster, "-n", "kube-system", "get", "configmap", "cilium-config", "-o", "jsonpath={.data."+name+"}"); have != want {
			s.Errorf("%s is %q", name, have)
		}
	}
	if status := s.Kubectl(cluster, "-n", "kube-system", "exec", "ds/cilium", "-c", "cilium-agent", "--", "cilium-dbg", "status"); !strings.Contains(status, "Current/Max Flows") {
		s.Errorf("the agent records no flows:\n%s", status)
	}
	front, back := cluster+"-control-plane", cluster+"-worker"
	for _, address := range []string{"203.0.113.10/32", "203.0.113.11/32"} {
		s.Output("docker", "exec", front, "ip", "address", "add", address, "dev", "lo")
	}
	node := s.Kubectl(cluster, "get", "node", front, "-o", `jsonpath={.status.addresses[?(@.type=="InternalIP")].address}`)
	s.Output("docker", "exec", back, "ip", "route", "add", "203.0.113.0/24", "via", node)
	s.Apply(cluster, fmt.Sprintf(outside, cluster, verify.DefaultProbeImage))
	s.ready(cluster, "server", "client")
	s.reaches(cluster, "allowed", true)
	s.reaches(cluster, "other", true)
	s.Apply(cluster, byName)
	s.reaches(cluster, "other", false)
	s.reaches(cluster, "allowed", true)
	s.Green(cluster)
}

// reaches has the client dial a name until it can, or cannot any more.
func (s *session) reaches(cluster, name string, want bool) {
	s.Helper()
	s.Eventually(time.Minute, func() (string, error) {
		out, err := s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "exec", "client", "--",
			"/agnhost", "connect", name+".default.svc.cluster.local:8080", "--timeout=3s")
		if (err == nil) != want || !want && !strings.Contains(out, "TIMEOUT") {
			return out, fmt.Errorf("the client reaches %s: %v, want %v: %s", name, err == nil, want, out)
		}
		return out, nil
	})
}

func gatewayAPI(s *session, cluster string) {
	const asked = "cilium:\n  gatewayAPI: true\n"
	file := strings.Replace(kindctlFile, "cni: none", "cni: cilium", 1)
	s.refuses(cluster, file+asked, "gatewayAPI with proxyMode iptables", "write proxyMode: none")
	if r := s.Kindctl("up", "--images", "local", "--config", s.file(cluster, file+"proxyMode: none\n"+asked)); r.Code != 3 || !strings.Contains(r.Stderr, "cilium-envoy") {
		s.Errorf("without Envoy's image: exit %d, want 3\n%s", r.Code, r.Stderr)
	}
	s.Must("up", "--images", "local", "--config", s.file(cluster, file+"proxyMode: none\n"+asked+"  values: {envoy: {enabled: false}}\n"))
	s.Kubectl(cluster, "wait", "--for=condition=Accepted", "gatewayclass/cilium", "--timeout=60s")
	s.Apply(cluster, "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec:\n  gatewayClassName: cilium\n  listeners: [{name: http, protocol: HTTP, port: 80}]\n")
	s.Kubectl(cluster, "wait", "--for=condition=Accepted", "gateway/web", "--timeout=60s")
}
