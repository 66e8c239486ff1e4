//go:build e2e

package e2e

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// keeper is a program that notes each of its starts in a volume.
const keeper = `package main

import (
	"os"
	"time"
)

func main() {
	file, err := os.OpenFile("/data/starts", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	file.WriteString("start\n")
	file.Close()
	time.Sleep(24 * time.Hour)
}
`

// keeps is a workload with an image that was loaded, and a claim.
const keeps = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: keeper}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keeper}
spec:
  selector: {matchLabels: {app: keeper}}
  template:
    metadata: {labels: {app: keeper}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: keeper, image: "e2e-keeper:dev", imagePullPolicy: Never, volumeMounts: [{name: data, mountPath: /data}]}
      volumes: [{name: data, persistentVolumeClaim: {claimName: keeper}}]
`

// TestReset saves a cluster, changes all that it can, and brings it back, also after a
// kill in the middle.
func TestReset(t *testing.T) {
	t.Parallel()
	const cluster, worker = "e2e-reset", "e2e-reset-worker"
	data := t.TempDir()
	s := newSession(t, cluster)
	s.Env = []string{"XDG_DATA_HOME=" + data, "XDG_CACHE_HOME=" + s.ownCache(), "TMPDIR=" + s.TempDir()}
	s.Must("up", "--cni", "calico", "--workers", "1", "--ttl", "1h", "-n", cluster)
	s.compile("e2e-keeper:dev", keeper)
	s.Must("load", "e2e-keeper:dev", "-n", cluster)
	s.Apply(cluster, keeps)
	s.Kubectl(cluster, "rollout", "status", "deployment/keeper", "--timeout=2m")
	s.Kubectl(cluster, "create", "configmap", "before", "--from-literal=a=b")
	if r := s.Must("snapshot", "save", "seeded", "-n", cluster); !strings.Contains(r.Stdout, "kindctl reset -n "+cluster+" --to seeded") {
		t.Errorf("save says %q", r.Stdout)
	}
	if r := s.Kindctl("snapshot", "save", "seeded", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "--replace") {
		t.Errorf("a second snapshot of that name: exit %d\n%s", r.Code, r.Stderr)
	}
	before := s.identities(cluster)

	s.spoils(cluster)
	s.Must("reset", "--to", "seeded", "-n", cluster)
	if swept := s.gc(); len(swept.things()) > 0 || len(swept.Repairs) > 0 {
		t.Errorf("after a reset, gc finds %+v", swept)
	}
	s.isBack(cluster)
	if after := s.identities(cluster); after != before {
		t.Errorf("the containers are\n%s\nand were\n%s", after, before)
	}

	if !testing.Short() {
		s.resumesAfterKill(cluster)
		s.resetsAfterKill(cluster, worker)
		s.refusesWhatDoesNotVerify(cluster)
	}
	s.Must("verify", "-n", cluster)

	file := filepath.Join(s.TempDir(), "seeded.tar")
	s.Must("snapshot", "export", "seeded", file, "-n", cluster)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of a snapshot is %v, %v", info, err)
	}

	s.Kubectl(cluster, "create", "configmap", "after", "--from-literal=a=b")
	archive := filepath.Join(data, "kindctl", "snapshots", cluster, "seeded", worker+".var.tar.zst")
	if err := os.Truncate(archive, 1000); err != nil {
		t.Fatal(err)
	}
	if r := s.Kindctl("reset", "--to", "seeded", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "is damaged") {
		t.Errorf("a truncated archive: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Kubectl(cluster, "get", "configmap", "after")
	if r := s.Must("down", "-n", cluster); !strings.Contains(r.Stderr, "kindctl snapshot rm -n "+cluster+" seeded") {
		t.Errorf("down says\n%s", r.Stderr)
	}
	s.Must("snapshot", "rm", "seeded", "-n", cluster)
	if left := s.Must("snapshot", "ls", "-o", "name").Stdout; left != "" {
		t.Errorf("left are %s", left)
	}
	if !testing.Short() {
		s.restoresAfterKill(file, cluster)
		s.comesBackFrom(file, cluster)
		s.comesBackFromRegistry(cluster)
		s.keepsWhatUpIsFrom(file, cluster)
	}
}

// comesBackFrom makes a cluster that is gone from the file of its snapshot.
func (s *session) comesBackFrom(file, cluster string) {
	s.Helper()
	s.Must("up", "--from", file, "--ttl", "1h")
	s.isBack(cluster)
	s.Must("verify", "-n", cluster)
	if kubeconfig, err := os.ReadFile(s.Kubeconfig); err != nil || !strings.Contains(string(kubeconfig), "current-context: kind-"+cluster) {
		s.Errorf("the kubeconfig is\n%s%v", kubeconfig, err)
	}
	if r := s.Kindctl("up", "--from", file); r.Code != 2 || !strings.Contains(r.Stderr, "kindctl reset -n "+cluster) {
		s.Errorf("a cluster that is there: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("snapshot", "import", file)
	s.Kubectl(cluster, "create", "configmap", "after", "--from-literal=a=b")
	s.Must("reset", "--to", "seeded", "-n", cluster)
	if found := s.Kubectl(cluster, "get", "configmap", "after", "--ignore-not-found"); found != "" {
		s.Errorf("what was created since is there: %s", found)
	}
}

// restoresAfterKill has gc remove a cluster whose restoration was killed.
func (s *session) restoresAfterKill(file, cluster string) {
	s.Helper()
	before := s.belongings()
	s.killedWhen(func() bool { // helpers unpack the nodes' data
		return s.Output("docker", "ps", "-q", "--filter", "label=dev.kindctl.registry="+cluster) != ""
	}, "up", "--from", file)
	if swept := s.gc(); len(swept.Clusters) != 1 || swept.Clusters[0].Cluster != cluster || len(swept.Temporary) == 0 {
		s.Errorf("gc says %+v", swept)
	}
	s.belongsAsBefore(before)
}

// comesBackFromRegistry runs a command with what was pushed to a registry, by tag and by digest.
func (s *session) comesBackFromRegistry(cluster string) {
	s.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/team/lab"
	if r := s.Must("snapshot", "push", "seeded", repository+":seeded", "-n", cluster); !strings.Contains(r.Stderr, "private keys") {
		s.Errorf("push says\n%s", r.Stderr)
	}
	s.Must("snapshot", "rm", "seeded", "-n", cluster)
	r := s.Kindctl("run", "--from", repository+":seeded", "--", "true")
	if r.Code != 2 || !strings.Contains(r.Stderr, "there is a cluster "+cluster+" already") {
		s.Errorf("a cluster that is there: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("down", "-n", cluster)
	tag, err := name.ParseReference(repository + ":seeded")
	if err != nil {
		s.Fatal(err)
	}
	pushed, err := remote.Head(tag)
	if err != nil {
		s.Fatal(err)
	}
	const script = `docker exec $KINDCTL_NAME-control-plane kubectl --kubeconfig /etc/kubernetes/admin.conf get configmap before -o name; exit 3`
	r = s.Kindctl("run", "--from", repository+"@"+pushed.Digest.String(), "--artifacts", s.TempDir(), "--", "sh", "-c", script)
	if r.Code != 3 || !strings.Contains(r.Stdout, "configmap/before") {
		s.Errorf("run with a snapshot: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if left := s.nodesOf(cluster); left != "" {
		s.Errorf("the run has left %s", left)
	}
	s.Must("snapshot", "pull", repository+":seeded")
}

// keepsWhatUpIsFrom removes a cluster that came from a snapshot with the name of those that "up"
// takes, and wants the snapshot to stay.
func (s *session) keepsWhatUpIsFrom(file, cluster string) {
	s.Helper()
	s.Must("snapshot", "import", file, "--name", "up")
	s.Must("run", "--from", "up", "-n", cluster, "--", "true")
	s.Must("gc")
	if found := strings.Fields(s.Must("snapshot", "ls", "-n", cluster, "-o", "name").Stdout); !slices.Contains(found, "up") {
		s.Errorf("left are %v", found)
	}
}

// resumesAfterKill has gc resume a cluster whose save was killed while the nodes were paused.
func (s *session) resumesAfterKill(cluster string) {
	s.Helper()
	paused := func() string {
		return s.Output("docker", "ps", "-q", "--filter", "status=paused", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
	}
	s.killedWhen(func() bool { return paused() != "" }, "snapshot", "save", "killed", "-n", cluster)
	swept := s.gc()
	if len(swept.Repairs) != 1 || swept.Repairs[0].Cluster != cluster || len(swept.Drafts) != 1 {
		s.Errorf("gc says %+v", swept)
	}
	if left := paused(); left != "" {
		s.Errorf("still paused are %s", left)
	}
	s.Kubectl(cluster, "get", "configmap", "before")
	if again := s.gc(); len(again.Repairs)+len(again.Drafts) > 0 {
		s.Errorf("a second gc says %+v", again)
	}
}

// resetsAfterKill has start refuse a cluster whose reset was killed, and the same reset repair it.
func (s *session) resetsAfterKill(cluster, worker string) {
	s.Helper()
	s.spoils(cluster)
	s.killedIn(cluster, worker)
	if r := s.Kindctl("start", "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "kindctl reset -n "+cluster+" --to seeded") {
		s.Errorf("start after half a reset: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("reset", "--to", "seeded", "-n", cluster)
	s.isBack(cluster)
}

// refusesWhatDoesNotVerify resets to a snapshot without CoreDNS, and wants the cluster as it was.
func (s *session) refusesWhatDoesNotVerify(cluster string) {
	s.Helper()
	worker := cluster + "-worker"
	s.Kubectl(cluster, "scale", "-n", "kube-system", "deployment/coredns", "--replicas=0")
	s.Must("snapshot", "save", "nodns", "-n", cluster)
	s.Must("reset", "--to", "seeded", "-n", cluster)
	s.Kubectl(cluster, "create", "configmap", "kept", "--from-literal=a=b")
	s.Output("docker", "exec", worker, "touch", "/etc/kept", "/var/kept")
	for range 2 { // running, then stopped
		if r := s.Kindctl("reset", "--to", "nodns", "-n", cluster); r.Code != 5 || !strings.Contains(r.Stderr, "is as it was before the reset") {
			s.Errorf("a snapshot that does not verify: exit %d\n%s", r.Code, r.Stderr)
		}
		s.Must("start", "-n", cluster)
		s.Kubectl(cluster, "get", "configmap", "kept")
		s.Output("docker", "exec", worker, "ls", "/etc/kept", "/var/kept")
		if left := s.Output("docker", "exec", worker, "find", "/var", "-maxdepth", "1", "-name", ".kindctl-*"); left != "" {
			s.Errorf("the reset has left %s", left)
		}
		s.Must("stop", "-n", cluster)
	}
	s.Must("start", "-n", cluster)
	s.Must("snapshot", "rm", "nodns", "-n", cluster)
}

// identities are the containers of a cluster, the ports that they have, and the kubeconfig.
func (s *session) identities(cluster string) string {
	s.Helper()
	kubeconfig, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		s.Fatal(err)
	}
	return s.Output("docker", "ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Ports}}", "--filter",
		"label=io.x-k8s.kind.cluster="+cluster) + string(kubeconfig)
}

// spoils changes objects, data, images and files of a cluster.
func (s *session) spoils(cluster string) {
	s.Helper()
	worker := cluster + "-worker"
	s.Kubectl(cluster, "create", "configmap", "after", "--from-literal=a=b")
	s.Kubectl(cluster, "delete", "configmap", "before")
	s.Kubectl(cluster, "delete", "deployment/keeper", "pvc/keeper", "--timeout=1m")
	s.Output("docker", "exec", worker, "sh", "-c", "crictl rmi e2e-keeper:dev; rm /etc/crictl.yaml; echo changed >>/etc/containerd/config.toml; touch /etc/added")
}

// isBack wants what spoils has changed as it was.
func (s *session) isBack(cluster string) {
	s.Helper()
	worker := cluster + "-worker"
	s.Kubectl(cluster, "get", "configmap", "before")
	if found := s.Kubectl(cluster, "get", "configmap", "after", "--ignore-not-found"); found != "" {
		s.Errorf("what was created after the snapshot is there: %s", found)
	}
	s.Kubectl(cluster, "rollout", "status", "deployment/keeper", "--timeout=2m")
	if starts := s.Output("docker", "exec", worker, "sh", "-c", "cat /var/local-path-provisioner/*/starts"); starts != "start\nstart" {
		s.Errorf("the volume holds %q, not a start before the snapshot and one after the reset", starts)
	}
	files := s.Output("docker", "exec", worker, "sh", "-c",
		"ls /etc/crictl.yaml; ls /etc | grep -c added; grep -c changed /etc/containerd/config.toml; true")
	if files != "/etc/crictl.yaml\n0\n0" {
		s.Errorf("the node's own files: %s", files)
	}
	if others := s.Output("docker", "ps", "-aq", "--filter", "label=dev.kindctl.registry="+cluster); others != "" {
		s.Errorf("helpers are left: %s", others)
	}
}

// killedIn kills a reset once a node's metadata name the snapshot.
func (s *session) killedIn(cluster, node string) {
	s.Helper()
	s.killedWhen(func() bool {
		metadata, err := s.Try("docker", "cp", node+":/kind/kindctl", "-")
		return err == nil && strings.Contains(metadata, `"reset":"seeded"`)
	}, "reset", "--to", "seeded", "-n", cluster)
}

// killedWhen kills kindctl once something has happened.
func (s *session) killedWhen(happened func() bool, args ...string) {
	s.Helper()
	command := s.Command(s.Context(), args...)
	if err := command.Start(); err != nil {
		s.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); !happened(); {
		if time.Now().After(deadline) {
			s.Fatalf("kindctl %s never came to where it is killed", strings.Join(args, " "))
		}
	}
	if err := command.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = command.Wait() // it was killed
}
