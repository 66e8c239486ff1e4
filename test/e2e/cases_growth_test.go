//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// growth is what happens to a cluster over time: nodes that are added, restarts,
// lost entries, expired certificates.
func growth() []situation {
	return []situation{
		{
			name:    "added-node",
			brings:  "Another worker, after registries were configured by hand and pods have pulled images",
			outcome: "works: the new node has its sibling's containerd configuration; what cannot be copied is pulled when a pod needs it",
			ci:      true, try: addedNode,
		},
		{
			name:    "moved-port",
			brings:  "`apiServerPort: -1`, with which Docker chooses another port at each start",
			outcome: "works: `start` writes the new port into the kubeconfig",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--config", s.file(cluster, kindFile+"networking: {apiServerPort: -1}\n"))
				s.Must("stop", "-n", cluster)
				s.Must("start", "-n", cluster)
				port := s.Output("docker", "port", cluster+"-control-plane", "6443")
				data, err := os.ReadFile(s.Kubeconfig)
				if err != nil {
					s.Fatal(err)
				}
				if number := port[strings.LastIndex(port, ":")+1:]; !strings.Contains(string(data), ":"+number+"\n") {
					s.Errorf("Docker serves %s, the kubeconfig says\n%s", port, data)
				}
			},
		},
		{
			name:    "lost-entry",
			brings:  "A kubeconfig that another tool has overwritten",
			outcome: "`kindctl kubeconfig merge` brings the entry back",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
				if err := os.WriteFile(s.Kubeconfig, []byte(foreign), 0o600); err != nil {
					s.Fatal(err)
				}
				s.Must("kubeconfig", "merge", "-n", cluster)
				data, err := os.ReadFile(s.Kubeconfig)
				if err != nil || !strings.Contains(string(data), "kind-"+cluster) || !strings.Contains(string(data), "keep-me") {
					s.Errorf("the kubeconfig is (%v)\n%s", err, data)
				}
				s.Must("verify", "--context", "kind-"+cluster, "--quick")
			},
		},
		{
			name:    "expired",
			brings:  "A cluster that is older than its certificates",
			outcome: "every command names the expiry; `start` renews them",
			try:     expired,
		},
		{
			name:    "etcd-on-host",
			brings:  "etcd's directory on a fast disk of the host, a second time",
			outcome: "refused: the directory holds the data of another cluster",
			try: func(s *session, cluster string) {
				disk := s.TempDir()
				config := s.file(cluster, kindFile+"nodes:\n- role: control-plane\n  extraMounts:\n  - {hostPath: "+disk+", containerPath: /var/lib/etcd}\n")
				s.Must("up", "--images", "local", "--cni", "none", "--config", config)
				if _, err := os.Stat(filepath.Join(disk, "member")); err != nil {
					s.Error(err)
				}
				s.Must("down", "-n", cluster)
				if r := s.Kindctl("up", "--images", "local", "--cni", "none", "--config", config); r.Code != 3 && r.Code != 2 || !strings.Contains(r.Stderr, disk) {
					s.Errorf("the second time: exit %d\n%s", r.Code, r.Stderr)
				}
			},
		},
		{
			name:    "shared-state",
			brings:  "One directory of the host as `/var/lib/containerd` of several nodes",
			outcome: "refused: each node needs its own",
			ci:      true,
			try: func(s *session, cluster string) {
				const mounts = "  extraMounts:\n  - {hostPath: /tmp, containerPath: /var/lib/containerd}\n"
				s.refuses(cluster, kindFile+"nodes:\n- role: control-plane\n- role: worker\n"+mounts+"- role: worker\n"+mounts, "/tmp", "containerd", cluster+"-worker2")
			},
		},
		{
			name:    "removed-flag",
			brings:  "A flag of the API server that Kubernetes has removed",
			outcome: "fails, and the error quotes the API server",
			try: func(s *session, cluster string) {
				config := s.file(cluster, kindctlFile+patch("apiVersion: kubeadm.k8s.io/v1beta4", "kind: ClusterConfiguration", "apiServer: {extraArgs: [{name: insecure-port, value: \"0\"}]}"))
				if r := s.Kindctl("up", "--images", "local", "--config", config); r.Code == 0 || !strings.Contains(r.Stderr, "unknown flag: --insecure-port") {
					s.Errorf("exit %d\n%s", r.Code, r.Stderr)
				}
			},
		},
	}
}

func addedNode(s *session, cluster string) {
	s.Must("up", "--images", "local", "--config", s.file(cluster, strings.Replace(kindctlFile, "cni: none\nworkers: 0", "cni: calico\nworkers: 1", 1)+`kindConfig:
  containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
`))
	worker, added := cluster+"-worker", cluster+"-worker2"
	s.Output("docker", "exec", worker, "sh", "-c", "mkdir -p /etc/containerd/certs.d/mirror.example.test && echo '[host.\"http://mirror:5000\"]' >/etc/containerd/certs.d/mirror.example.test/hosts.toml")
	// A pulled image whose layers containerd has discarded cannot be exported.
	s.build("e2e-discarded:1", "hello")
	s.Must("load", "e2e-discarded:1", "-n", cluster, "--nodes", "worker")
	digest := s.Output("docker", "exec", worker, "sh", "-c", `ctr -n k8s.io images export /tmp/i.tar docker.io/library/e2e-discarded:1 2>/dev/null && tar -xOf /tmp/i.tar manifest.json | sed 's/.*"Layers":\["blobs.sha256.\([0-9a-f]*\)".*/\1/'`)
	s.Output("docker", "exec", worker, "ctr", "-n", "k8s.io", "content", "rm", "sha256:"+digest)
	if out, err := s.Try("docker", "exec", worker, "ctr", "-n", "k8s.io", "images", "export", "/tmp/i.tar", "docker.io/library/e2e-discarded:1"); err == nil {
		s.Errorf("the image can still be exported, so that the case shows nothing: %s", out)
	}
	r := s.Must("node", "add", "-n", cluster)
	if !strings.Contains(r.Stderr, "e2e-discarded:1") {
		s.Errorf("nothing says that an image was left out:\n%s", r.Stderr)
	}
	for _, file := range []string{"/etc/containerd/config.toml", "/etc/containerd/certs.d/mirror.example.test/hosts.toml"} {
		if mine, siblings := s.Output("docker", "exec", added, "cat", file), s.Output("docker", "exec", worker, "cat", file); mine != siblings {
			s.Errorf("%s differs: the sibling has\n%s\nthe added node\n%s", file, siblings, mine)
		}
	}
}

// expired waits until short certificates have run out.
func expired(s *session, cluster string) {
	s.Must("up", "--images", "local", "--config", s.file(cluster, kindctlFile+patch("apiVersion: kubeadm.k8s.io/v1beta4", "kind: ClusterConfiguration", "certificateValidityPeriod: 4m0s")))
	const days = "openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -checkend 0"
	s.Eventually(6*time.Minute, func() (string, error) {
		if out, err := s.Try("docker", "exec", cluster+"-control-plane", "sh", "-c", days); err == nil {
			return out, os.ErrDeadlineExceeded
		}
		return "", nil
	})
	for _, command := range [][]string{{"verify", "-n", cluster}, {"status", "-n", cluster}} {
		r := s.Kindctl(command...)
		if said := r.Stdout + r.Stderr; !strings.Contains(said, "expired") || !strings.Contains(said, "kindctl start") {
			s.Errorf("%v: exit %d\n%s", command, r.Code, said)
		}
	}
	s.Must("stop", "-n", cluster)
	s.Must("start", "-n", cluster)
	s.Output("docker", "exec", cluster+"-control-plane", "sh", "-c", days)
	s.Green(cluster)
}
