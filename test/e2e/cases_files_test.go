//go:build e2e

package e2e

import (
	"strings"
	"time"
)

// broughtFiles are configuration files that people have.
func broughtFiles() []situation {
	return []situation{
		{
			name:    "old-patches",
			brings:  "A kind file whose patches name kubeadm v1beta3, the version of its day: an API server flag, and a certificate name by a JSON patch",
			outcome: "works; both are translated, with a warning that names their lines",
			ci:      true, try: oldPatches,
		},
		{
			name:    "half-migrated",
			brings:  "A patch that says v1beta4 but keeps its arguments a map",
			outcome: "refused with the line: a list of names and values is wanted",
			try: func(s *session, cluster string) {
				s.refuses(cluster, kindctlFile+patch("apiVersion: kubeadm.k8s.io/v1beta4", "kind: ClusterConfiguration", "apiServer:", "  extraArgs:", "    event-ttl: 19m"), "extraArgs")
			},
		},
		{
			name:    "misspelled-patch",
			brings:  "Patches with misspelled fields: `apiserver`, `extraArg`, `maxpods`",
			outcome: "refused, each with its line and the field that was probably meant",
			try: func(s *session, cluster string) {
				s.refuses(cluster, kindctlFile+patch("kind: ClusterConfiguration", "apiserver:", "  extraArgs:", "    event-ttl: 21m", "scheduler:", "  extraArg:", `    v: "4"`), "apiServer", "extraArgs")
				s.refuses(cluster, kindctlFile+patch("kind: KubeletConfiguration", "maxpods: 44"), "maxPods")
			},
		},
		{
			name:    "unquoted-patch",
			brings:  "Arguments without quotes, where kubeadm wants text: a number and a boolean",
			outcome: "refused with the line and the quoted form",
			try: func(s *session, cluster string) {
				s.refuses(cluster, kindctlFile+patch("kind: ClusterConfiguration", "apiServer:", "  extraArgs:", "    oidc-client-id: 123456789"), `"123456789"`)
				s.refuses(cluster, kindctlFile+patch("kind: ClusterConfiguration", "apiServer:", "  extraArgs:", "    profiling: false"), `"false"`)
			},
		},
		{
			name:    "unread-patch",
			brings:  "A JoinConfiguration for the only node, which joins nothing",
			outcome: "refused with the line",
			try: func(s *session, cluster string) {
				s.refuses(cluster, kindctlFile+patch("kind: JoinConfiguration", "nodeRegistration:", "  kubeletExtraArgs:", `    max-pods: "25"`), "JoinConfiguration")
			},
		},
		{
			name:    "old-mirrors",
			brings:  "containerd's `registry.mirrors` and `registry.configs`, as guides for kind had them",
			outcome: "works; translated into hosts.toml, with a warning",
			try:     oldMirrors,
		},
		{
			name:    "own-cni-and-proxy",
			brings:  "`disableDefaultCNI: true` with `kubeProxyMode: none`, for a CNI from a working tree that replaces kube-proxy",
			outcome: "works; what needs a CNI is skipped with the reason, with a warning that no Service works yet",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--config", s.file(cluster, kindFile+"networking: {disableDefaultCNI: true, kubeProxyMode: none}\n"))
				if found := s.Kubectl(cluster, "-n", "kube-system", "get", "daemonsets", "-o", "name"); strings.Contains(found, "kube-proxy") || strings.Contains(found, "cilium") {
					s.Errorf("there are %s", found)
				}
			},
		},
		{
			name:    "long-name",
			brings:  "A long name from branch and job, with external etcd",
			outcome: "refused: a container's name would have more than 63 characters",
			try: func(s *session, _ string) {
				s.refuses(strings.Repeat("q", 49), "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: NAME\ncni: none\nworkers: 0\netcd: external\netcdMembers: 3\n", "63")
			},
		},
		{
			name:    "etcd-in-patch",
			brings:  "A patch that points kubeadm to an etcd of one's own",
			outcome: "works; the cluster's objects are in that etcd, which stays when the cluster goes",
			try:     etcdInPatch,
		},
		{
			name:    "every-gate",
			brings:  "Every alpha and beta feature gate with every API, as kind's own CI has it",
			outcome: "works",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "calico", "--config", s.file(cluster, kindFile+"featureGates: {AllAlpha: true, AllBeta: true, EventedPLEG: false}\nruntimeConfig: {\"api/all\": \"true\"}\n"))
				if gates := s.Kubectl(cluster, "get", "--raw", "/metrics"); !strings.Contains(gates, `name="AllAlpha"`) && !strings.Contains(gates, `stage="ALPHA"} 1`) {
					s.Error("the API server reports no alpha gate that is on")
				}
			},
		},
		{
			name:    "demanding",
			brings:  "Audit log, encryption at rest, a token issuer and a cluster domain of one's own, from mounted files",
			outcome: "works, and `node add` too",
			try:     demanding,
		},
	}
}

const (
	kindFile    = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: NAME\n"
	kindctlFile = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: NAME\ncni: none\nworkers: 0\n"
)

// patch is a kubeadm patch below kindConfig.
func patch(lines ...string) string {
	return "kindConfig:\n  kubeadmConfigPatches:\n  - |\n    " + strings.Join(lines, "\n    ") + "\n"
}

func oldPatches(s *session, cluster string) {
	config := s.file(cluster, kindFile+`kubeadmConfigPatches:
- |
  apiVersion: kubeadm.k8s.io/v1beta3
  kind: ClusterConfiguration
  apiServer:
    extraArgs:
      event-ttl: 17m
kubeadmConfigPatchesJSON6902:
- group: kubeadm.k8s.io
  version: v1beta3
  kind: ClusterConfiguration
  patch: |
    - op: add
      path: /apiServer/certSANs/-
      value: ci.example.test
`)
	if r := s.Must("up", "--images", "local", "--cni", "none", "--config", config); !strings.Contains(r.Stderr, "v1beta3") {
		s.Errorf("no warning names v1beta3:\n%s", r.Stderr)
	}
	if args := s.arguments(cluster, "kube-apiserver"); !strings.Contains(args, "--event-ttl=17m") {
		s.Errorf("the API server runs with %s", args)
	}
	if names := s.Output("docker", "exec", cluster+"-control-plane", "openssl", "x509", "-in", "/etc/kubernetes/pki/apiserver.crt", "-noout", "-ext", "subjectAltName"); !strings.Contains(names, "ci.example.test") {
		s.Errorf("the certificate is for %s", names)
	}
}

// etcdInPatch runs the node image's etcd in a container that is no node, on the
// cluster's network.
func etcdInPatch(s *session, cluster string) {
	const own, network = "e2e-own-etcd", "e2e-own-etcd"
	remove := func() {
		s.Kindctl("down", "-n", cluster)
		_, _ = s.Try("docker", "rm", "-f", "-v", own)
		_, _ = s.Try("docker", "network", "rm", network)
	}
	remove()
	s.Cleanup(remove)
	s.Output("docker", "network", "create", network)
	image, _, _ := strings.Cut(s.Output("docker", "images", "-q", "kindctl.local/node"), "\n")
	s.Output("docker", "run", "-d", "--name", own, "--network", network, "--entrypoint", "sh", image, "-c",
		"exec /kind/snapshots/*/fs/usr/local/bin/etcd --data-dir=/tmp/etcd --listen-client-urls=http://0.0.0.0:2379 --advertise-client-urls=http://"+own+":2379")
	etcdctl := func(args string) (string, error) {
		return s.Try("docker", "exec", own, "sh", "-c", "exec /kind/snapshots/*/fs/usr/local/bin/etcdctl "+args)
	}
	s.Eventually(30*time.Second, func() (string, error) { return etcdctl("endpoint health") })

	s.Must("up", "--images", "local", "--network", network, "--config",
		s.file(cluster, kindctlFile+patch("kind: ClusterConfiguration", "etcd:", "  external:", `    endpoints: ["http://`+own+`:2379"]`)))
	s.Kubectl(cluster, "create", "configmap", "keepsake", "--from-literal=a=kept-apart")
	if stored, err := etcdctl("get /registry/configmaps/default/keepsake"); err != nil || !strings.Contains(stored, "kept-apart") {
		s.Errorf("the etcd of one's own holds %q, %v", stored, err)
	}
	if pods := s.Kubectl(cluster, "-n", "kube-system", "get", "pods", "-o", "name"); strings.Contains(pods, "pod/etcd-") {
		s.Errorf("etcd runs in the cluster too:\n%s", pods)
	}
	s.Green(cluster)
	s.Must("down", "-n", cluster)
	if stored, err := etcdctl("get /registry/configmaps/default/keepsake"); err != nil || !strings.Contains(stored, "kept-apart") {
		s.Errorf("once the cluster is removed, its etcd holds %q, %v", stored, err)
	}
}

func oldMirrors(s *session, cluster string) {
	config := s.file(cluster, kindFile+`containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5055"]
    endpoint = ["http://registry.example.test:5000"]
- |-
  [plugins."io.containerd.grpc.v1.cri".registry.configs."registry.example.test:5000".tls]
    insecure_skip_verify = true
`)
	if r := s.Must("up", "--images", "local", "--cni", "none", "--config", config); !strings.Contains(r.Stderr, "hosts.toml") {
		s.Errorf("no warning names hosts.toml:\n%s", r.Stderr)
	}
	node := cluster + "-control-plane"
	if hosts := s.Output("docker", "exec", node, "cat", "/etc/containerd/certs.d/localhost:5055/hosts.toml"); !strings.Contains(hosts, "http://registry.example.test:5000") {
		s.Errorf("hosts.toml is\n%s", hosts)
	}
	if dump := s.Output("docker", "exec", node, "containerd", "config", "dump"); !strings.Contains(dump, "/etc/containerd/certs.d") || strings.Contains(dump, "registry.example.test") {
		s.Errorf("containerd runs with\n%s", dump)
	}
	s.Green(cluster)
}

func demanding(s *session, cluster string) {
	f := files{s.TB, s.TempDir()}
	f.write("secure/audit.yaml", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
	f.write("secure/encryption.yaml", `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aescbc: {keys: [{name: first, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}]}
  - identity: {}
`)
	s.Must("up", "--images", "local", "--config", f.write("cluster.yaml", strings.ReplaceAll(`apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: NAME
cni: calico
nodes:
- role: control-plane
  mounts:
  - {hostPath: secure, containerPath: /etc/secure, readOnly: true}
- role: worker
kindConfig:
  kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    networking: {dnsDomain: lab.internal}
    apiServer:
      extraArgs:
        audit-policy-file: /etc/secure/audit.yaml
        audit-log-path: /var/log/kubernetes/audit.log
        encryption-provider-config: /etc/secure/encryption.yaml
        service-account-issuer: https://issuer.example.test
      extraVolumes:
      - {name: secure, hostPath: /etc/secure, mountPath: /etc/secure, readOnly: true}
      - {name: audit-log, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes, pathType: DirectoryOrCreate}
`, "NAME", cluster)))
	node := cluster + "-control-plane"
	if line := s.Output("docker", "exec", node, "tail", "-n1", "/var/log/kubernetes/audit.log"); !strings.Contains(line, "audit.k8s.io") {
		s.Errorf("the audit log ends with %s", line)
	}
	s.Kubectl(cluster, "create", "secret", "generic", "hidden", "--from-literal=key=in-the-clear")
	stored := s.Kubectl(cluster, "-n", "kube-system", "exec", "etcd-"+node, "--", "etcdctl", "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
		"--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key", "get", "/registry/secrets/default/hidden")
	if !strings.Contains(stored, "k8s:enc:aescbc") || strings.Contains(stored, "in-the-clear") {
		s.Errorf("etcd holds %q", stored)
	}
	s.Apply(cluster, probePod("web", ""))
	s.ready(cluster, "web")
	if resolv := s.Kubectl(cluster, "exec", "web", "--", "cat", "/etc/resolv.conf"); !strings.Contains(resolv, "lab.internal") {
		s.Errorf("a pod's resolv.conf is %s", resolv)
	}
	s.Must("node", "add", "-n", cluster)
	s.Green(cluster)
}
