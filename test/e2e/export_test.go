//go:build e2e

package e2e

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// planted are secrets that pods print, which must not be in a bundle.
var planted = []string{"hunter2hunter2", "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "abcdef.0123456789abcdef"}

// TestExportLogs looks into a bundle, of a cluster that is well, of one whose API
// server is dead, and of one that is stopped.
func TestExportLogs(t *testing.T) {
	long(t)
	const cluster = "e2e-export"
	s := newSession(t, cluster)
	t.Chdir(t.TempDir())
	s.Must("up", "--cni", "calico", "--profile", "single", "-n", cluster)
	node := "nodes/" + cluster + "-control-plane/"
	if r := s.Must("export", "logs", "-n", cluster, "bundle"); strings.TrimSpace(r.Stdout) != "bundle" {
		t.Errorf("export says %q", r.Stdout)
	}
	s.holds("bundle", map[string]string{
		"report.json": `"passed": true`, "nodes.txt": cluster + "-control-plane", "pods.txt": "kube-apiserver-" + cluster, "events.txt": "Scheduled",
		"logs/kube-system/etcd-" + cluster + "-control-plane/etcd.log": "ready to serve client requests",
		node + "kubelet.log": "kubelet", node + "containerd.log": "containerd", node + "console.log": "", node + "kubeadm.conf": "kind: InitConfiguration",
		node + "manifests/etcd.yaml": "kind: Pod", node + "inspect.json": cluster,
		"cni/" + cluster + "-control-plane/routes.txt": "default", "host.json": "DockerVersion", "kindctl.json": `"owner"`, "cluster.yaml": "cni: calico",
	})
	s.Must("export", "logs", "-n", cluster, "--tar", "bundle.tar.gz")
	if got := entries(t, "bundle.tar.gz"); !strings.Contains(got, "kindctl-logs-"+cluster+"/report.json") {
		t.Errorf("the archive holds\n%s", got)
	}
	if r := s.Kindctl("export", "logs", "-n", cluster, "--tar", "bundle.tar.gz"); r.Code != 2 {
		t.Errorf("an archive is overwritten: exit %d", r.Code)
	}

	// Without a kubelet no one brings the API server back, nor clears away the log
	// of a pod that says secrets and never was.
	s.Output("docker", "exec", cluster+"-control-plane", "systemctl", "stop", "kubelet")
	s.Output("docker", "exec", cluster+"-control-plane", "pkill", "-KILL", "-x", "kube-apiserver")
	s.Output("docker", "exec", cluster+"-control-plane", "sh", "-c",
		"d=/var/log/pods/kube-system_talker_0/main && mkdir -p $d && echo DB_PASSWORD="+strings.Join(planted, " ")+" > $d/0.log")
	r := s.Must("export", "logs", "-n", cluster, "dead")
	if !strings.Contains(r.Stderr, "the API server does not answer") {
		t.Errorf("nothing says that the API server is dead:\n%s", r.Stderr)
	}
	s.holds("dead", map[string]string{node + "kubelet.log": "kube-apiserver", "problems.txt": "the API server does not answer", "kindctl.json": `"owner"`})
	s.holds("dead", map[string]string{node + "pods/kube-system_talker_0/main/0.log": "[redacted]"})
	if found, err := filepath.Glob("dead/" + node + "pods/kube-system_kube-apiserver-*/kube-apiserver/*.log"); err != nil || len(found) == 0 {
		t.Errorf("the dead API server's log is missing (%v)", err)
	}

	s.Must("stop", "-n", cluster)
	s.Must("export", "logs", "-n", cluster, "stopped")
	s.holds("stopped", map[string]string{node + "kubeadm.conf": "kind: InitConfiguration", node + "inspect.json": cluster, "problems.txt": "does not run"})
}

// holds wants files of a bundle to contain words, and none to hold a secret.
func (s *session) holds(dir string, files map[string]string) {
	s.Helper()
	for file, want := range files {
		if data, err := os.ReadFile(filepath.Join(s.Dir, dir, file)); err != nil || !strings.Contains(string(data), want) {
			s.Errorf("%s/%s lacks %q (%v)", dir, file, want, err)
		}
	}
	secrets := regexp.MustCompile(`PRIVATE KEY-----|\beyJ[\w-]+\.eyJ|LS0tLS1CRUdJTi|` + regexp.QuoteMeta(planted[0]) + "|" + planted[1] + "|" + regexp.QuoteMeta(planted[2]))
	err := filepath.WalkDir(filepath.Join(s.Dir, dir), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if found := secrets.Find(data); found != nil {
			s.Errorf("%s holds a secret: %s", path, found)
		}
		return err
	})
	if err != nil {
		s.Error(err)
	}
}

// entries are the names in a compressed archive.
func entries(t *testing.T, file string) string {
	t.Helper()
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var names strings.Builder
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		names.WriteString(header.Name + "\n")
	}
}
