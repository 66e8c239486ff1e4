//go:build e2e

package e2e

import (
	"context"
	"os/exec"
	"strings"
)

// choices are what people ask for when a cluster is created.
func choices() []situation {
	return []situation{
		{
			name:    "no-taint",
			brings:  "`taints: []` in a patch, so that control planes take ordinary pods",
			outcome: "works",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--config", s.file(cluster, kindFile+"nodes:\n- role: control-plane\n  kubeadmConfigPatches:\n  - |\n    kind: InitConfiguration\n    nodeRegistration:\n      taints: []\n- role: worker\n"))
				if taints := s.Kubectl(cluster, "get", "node", cluster+"-control-plane", "-o", "jsonpath={.spec.taints[*].key}"); strings.Contains(taints, "control-plane") {
					s.Errorf("the control plane has taints %s", taints)
				}
				s.Green(cluster)
			},
		},
		{
			name:    "one-kubelet-flag",
			brings:  "`max-pods` for one worker, by a flag in its JoinConfiguration",
			outcome: "works; the verification expects it of that node",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "calico", "--config", s.file(cluster, kindFile+"nodes:\n- role: control-plane\n- role: worker\n- role: worker\n  kubeadmConfigPatches:\n  - |\n    kind: JoinConfiguration\n    nodeRegistration:\n      kubeletExtraArgs:\n        max-pods: \"25\"\n"))
				if pods := s.Kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].status.capacity.pods}"); strings.Count(pods, "110") != 2 || !strings.Contains(pods, "25") {
					s.Errorf("nodes take %s pods", pods)
				}
			},
		},
		{
			name:    "old-ingress-file",
			brings:  "An ingress example of 2019 with kubelet flags: a node label, and `authorization-mode: AlwaysAllow`",
			outcome: "works",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "calico", "--config", s.file(cluster, kindFile+"nodes:\n- role: control-plane\n  kubeadmConfigPatches:\n  - |\n    kind: InitConfiguration\n    nodeRegistration:\n      kubeletExtraArgs:\n        node-labels: \"ingress-ready=true\"\n        authorization-mode: AlwaysAllow\n"))
				if found := s.Kubectl(cluster, "get", "nodes", "-l", "ingress-ready=true", "-o", "name"); found == "" {
					s.Error("no node has the label")
				}
			},
		},
		{
			name:    "no-leader-election",
			brings:  "Leader election turned off for the one scheduler and controller manager",
			outcome: "works",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--config", s.file(cluster, kindctlFile+patch("kind: ClusterConfiguration", "controllerManager:", "  extraArgs:", `    leader-elect: "false"`, "scheduler:", "  extraArgs:", `    leader-elect: "false"`)))
				if args := s.arguments(cluster, "kube-scheduler"); !strings.Contains(args, "--leader-elect=false") {
					s.Errorf("the scheduler runs with %s", args)
				}
			},
		},
		{
			name:    "kubelet-serving-certificates",
			brings:  "`serverTLSBootstrap: true`, so that kubelets serve certificates of the cluster's authority",
			outcome: "works; kindctl approves the requests of its own nodes",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--config", s.file(cluster, strings.Replace(kindctlFile, "cni: none\nworkers: 0", "cni: calico\nworkers: 1", 1)+patch("kind: KubeletConfiguration", "serverTLSBootstrap: true")))
				if requests := s.Kubectl(cluster, "get", "csr", "--no-headers"); !strings.Contains(requests, "kubelet-serving") || strings.Contains(requests, "Pending") {
					s.Errorf("the requests are\n%s", requests)
				}
				s.Must("node", "add", "-n", cluster)
				s.Green(cluster)
			},
		},
		{
			name:    "node-local-dns",
			brings:  "`clusterDNS` set to the address of a DNS cache that comes later",
			outcome: "the cluster stays; the DNS checks name the address at which nothing answers yet",
			try: func(s *session, cluster string) {
				s.Kindctl("up", "--retain", "--images", "local", "--config", s.file(cluster, strings.Replace(kindctlFile, "cni: none\nworkers: 0", "cni: calico\nworkers: 1", 1)+patch("kind: KubeletConfiguration", `clusterDNS: ["169.254.20.10"]`)))
				_, report := s.Verify(cluster)
				for _, v := range report.Results {
					if v.ID == "kubelet.config" && v.Outcome != "PASS" {
						s.Errorf("kubelet.config is %s: %s", v.Outcome, v.Cause)
					}
					if v.Outcome == "FAIL" && !strings.Contains(v.Cause, "169.254.20.10") {
						s.Errorf("%s is red for another cause: %s", v.ID, v.Cause)
					}
				}
			},
		},
		{
			name:    "pod-security",
			brings:  "Pod Security admission enforces `baseline` for the whole cluster",
			outcome: "works; claims of the default class are bound",
			try:     podSecurity,
		},
		{
			name:    "service-account-tokens",
			brings:  "ServiceAccount tokens for a verifier that takes RS256 alone",
			outcome: "works: tokens are signed with RS256",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
				if keys := s.Kubectl(cluster, "get", "--raw", "/openid/v1/jwks"); !strings.Contains(keys, "RS256") {
					s.Errorf("the keys are %s", keys)
				}
			},
		},
	}
}

func podSecurity(s *session, cluster string) {
	f := files{s.TB, s.TempDir()}
	f.write("admission/config.yaml", `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: latest}
    exemptions: {namespaces: [kube-system]}
`)
	s.Must("up", "--images", "local", "--config", f.write("cluster.yaml", strings.ReplaceAll(`apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: NAME
cni: calico
nodes:
- role: control-plane
  mounts:
  - {hostPath: admission, containerPath: /etc/admission, readOnly: true}
`+patch("kind: ClusterConfiguration", "apiServer:", "  extraArgs:", "    admission-control-config-file: /etc/admission/config.yaml",
		"  extraVolumes:", "  - {name: admission, hostPath: /etc/admission, mountPath: /etc/admission, readOnly: true}"), "NAME", cluster)))
	s.Apply(cluster, "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 8Mi}}\n")
	s.Apply(cluster, strings.Replace(probePod("keeper", "    volumeMounts: [{name: data, mountPath: /data}]\n  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n"), "nothing", "", 1))
	s.ready(cluster, "keeper")
	if out, err := s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "run", "root", "--image=any", "--privileged"); err == nil || !strings.Contains(out, "PodSecurity") {
		s.Errorf("a privileged pod is not refused (%v): %s", err, out)
	}
}

// changes are what people change later, on a cluster that was green.
func changes() []situation {
	const name = "changed-later"
	return []situation{{
		name: name,
		brings: "Changes after `up`: own workloads in kube-system that are not ready, the control plane's taint removed, cluster-admin for all ServiceAccounts, " +
			"another forwarder in the Corefile, a fake node as KWOK makes them",
		outcome: "`node add` and `start` work; `verify` exits with 0 and warns of each difference, with how to accept or undo it; `accept` silences it",
		try:     changedLater,
	}}
}

// difference is a change that someone makes, the check that notices it, and how
// to undo it.
type difference struct {
	check    string // "" when nothing needs to notice
	do, undo [][]string
	manifest string
}

func changedLater(s *session, cluster string) {
	s.Must("up", "--images", "local", "--cni", "calico", "--workers", "1", "-n", cluster)
	for _, d := range []difference{
		{manifest: systemWorkloads},
		{check: "node.taint", do: [][]string{{"taint", "nodes", cluster + "-control-plane", "node-role.kubernetes.io/control-plane-"}},
			undo: [][]string{{"taint", "nodes", cluster + "-control-plane", "node-role.kubernetes.io/control-plane=:NoSchedule"}}},
		{check: "api.authz", do: [][]string{{"create", "clusterrolebinding", "wide", "--clusterrole=cluster-admin", "--group=system:serviceaccounts"}},
			undo: [][]string{{"delete", "clusterrolebinding", "wide"}}},
	} {
		if d.manifest != "" {
			s.Apply(cluster, d.manifest)
		}
		for _, args := range d.do {
			s.Kubectl(cluster, args...)
		}
		if d.check != "" {
			if v := s.verdictOf(cluster, d.check); v.Outcome != "WARN" || !strings.Contains(v.Hint, "kindctl accept") {
				s.Errorf("%s is %s: %s (hint: %s)", d.check, v.Outcome, v.Cause, v.Hint)
			}
		}
		s.Green(cluster, "node.taint", "api.authz")
	}
	s.forwardElsewhere(cluster)
	if v := s.verdictOf(cluster, "dns.external"); v.Outcome != "WARN" || !strings.Contains(v.Hint, "kindctl accept") {
		s.Errorf("dns.external is %s: %s (hint: %s)", v.Outcome, v.Cause, v.Hint)
	}
	s.Green(cluster, "node.taint", "api.authz", "dns.external")
	s.Must("node", "add", "-n", cluster, "--wait-timeout", "90s")
	s.Must("stop", "-n", cluster)
	s.Must("start", "-n", cluster, "--wait-timeout", "90s")
	s.Must("accept", "-n", cluster, "node.taint", "api.authz", "dns.external")
	for _, check := range []string{"node.taint", "api.authz", "dns.external"} {
		if v := s.verdictOf(cluster, check); v.Outcome != "PASS" {
			s.Errorf("%s is %s after it was accepted: %s", check, v.Outcome, v.Cause)
		}
	}
	withFakeNode(s, cluster)
}

// forwardElsewhere has CoreDNS ask a resolver that never answers.
func (s *session) forwardElsewhere(cluster string) {
	s.Helper()
	s.Output("docker", "exec", cluster+"-control-plane", "sh", "-ec", `export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl -n kube-system get configmap coredns -o yaml | sed 's|forward . /etc/resolv.conf|forward . 192.0.2.53|' | kubectl apply -f -
kubectl -n kube-system rollout restart deployment coredns
kubectl -n kube-system rollout status deployment coredns --timeout 2m`)
}

// systemWorkloads are for nodes that are not there, and never ready.
const systemWorkloads = `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: gpu-agent, namespace: kube-system}
spec:
  selector: {matchLabels: {app: gpu-agent}}
  template:
    metadata: {labels: {app: gpu-agent}}
    spec:
      nodeSelector: {example.com/gpu: present}
      containers: [{name: agent, image: registry.k8s.io/pause:3.10}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: meter, namespace: kube-system}
spec:
  selector: {matchLabels: {app: meter}}
  template:
    metadata: {labels: {app: meter}}
    spec:
      containers:
      - {name: meter, image: registry.k8s.io/pause:3.10, readinessProbe: {tcpSocket: {port: 9}, periodSeconds: 2}}
`

// fakeNode is as KWOK makes them; its status is kept fresh by a program.
const fakeNode = `apiVersion: v1
kind: Node
metadata:
  name: kwok-0
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {type: kwok, kubernetes.io/os: linux, kubernetes.io/hostname: kwok-0}
spec:
  taints: [{key: kwok.x-k8s.io/node, value: fake, effect: NoSchedule}]
`

// withFakeNode keeps a node Ready that has no kubelet, until the test is done with it.
func withFakeNode(s *session, cluster string) {
	s.Helper()
	s.Apply(cluster, fakeNode)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	heartbeat := exec.CommandContext(ctx, "docker", "exec", cluster+"-control-plane", "sh", "-c", `export KUBECONFIG=/etc/kubernetes/admin.conf
while now=$(date -u +%Y-%m-%dT%H:%M:%SZ); do
  kubectl patch node kwok-0 --subresource=status --type merge -p '{"status":{"allocatable":{"cpu":"32","memory":"256Gi","pods":"110"},"capacity":{"cpu":"32","memory":"256Gi","pods":"110"},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","lastHeartbeatTime":"'$now'"}],"nodeInfo":{"architecture":"amd64","bootID":"","containerRuntimeVersion":"","kernelVersion":"","kubeProxyVersion":"fake","kubeletVersion":"fake","machineID":"","operatingSystem":"linux","osImage":"","systemUUID":""}}}'
  sleep 10
done`)
	if err := heartbeat.Start(); err != nil {
		s.Fatal(err)
	}
	defer heartbeat.Wait() //nolint:errcheck // it is killed
	defer stop()
	s.Kubectl(cluster, "wait", "--for=condition=Ready", "node/kwok-0", "--timeout=60s")
	s.Green(cluster)
	s.Must("node", "rm", cluster+"-worker2", "-n", cluster)
}
