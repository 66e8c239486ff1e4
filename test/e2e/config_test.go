//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kindctl/kindctl/internal/porttest"
	"github.com/kindctl/kindctl/pkg/verify"
)

const configured = "e2e-config"

// configuration has something in each field that a node can see. PORT is free.
const configuration = `apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: ` + configured + `
cni: calico
nodes:
- role: control-plane
  taints: [example.com/entry:NoSchedule]
  cpus: 1.5
  memory: 2Gi
  ports:
  - {hostPort: PORT, containerPort: 30080}
  - {containerPort: 30081, listenAddress: 127.0.0.1}
- role: worker
  labels: {tier: back, node-role.kubernetes.io/database: ""}
  taints: [dedicated=db:NoExecute]
  cpus: 0.5
  memory: 1Gi
  mounts:
  - {hostPath: data, containerPath: /data, readOnly: true}
- role: worker
featureGates:
  PodLogsQuerySplitStreams: true
runtimeConfig:
  resource.k8s.io/v1beta1: true
manifests:
- file: app.yaml
kindConfig:
  kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        event-ttl: 2h0m0s
`

// app runs on the tainted worker alone and answers on the published port.
const app = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {tier: back}
      tolerations: [{key: dedicated, operator: Exists}]
      containers: [{name: web, image: "IMAGE", args: [netexec, --http-port=8080], readinessProbe: {httpGet: {port: 8080}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: app}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
---
apiVersion: v1
kind: Namespace
metadata: {name: app}
`

// files writes files of a test below a folder.
type files struct {
	testing.TB
	dir string
}

func (f files) write(name, content string) string {
	f.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.Fatal(err)
	}
	return path
}

// TestConfig makes a cluster of a file, in which everything is looked for that
// the file says.
func TestConfig(t *testing.T) {
	long(t)
	s := newSession(t, configured)
	before := s.belongings()
	f, port := files{t, t.TempDir()}, porttest.Free(t)
	config := strings.Replace(configuration, "PORT", fmt.Sprint(port), 1)
	f.write("app.yaml", strings.Replace(app, "IMAGE", verify.DefaultProbeImage, 1))
	f.write("data/greeting", "hello from the host\n")
	file := f.write("lab.yaml", config)
	plan := s.planned("--config", file)
	if after := s.belongings(); after != before {
		t.Errorf("a plan made something: Docker had\n%s\nand now has\n%s", before, after)
	}
	r := s.Must("up", "--config", file)
	s.asPlanned(configured, plan)
	const front, back = configured + "-control-plane", configured + "-worker"
	if want := fmt.Sprintf("127.0.0.1:%d is 30080/tcp of %s", port, front); !strings.Contains(r.Stdout, want) {
		t.Errorf("up does not say %q:\n%s", want, r.Stdout)
	}
	s.labelsAndTaints(front, back)
	s.limited(front, "1.5", "2Gi")
	s.limited(back, "0.5", "1Gi")
	s.servedAt(port)
	s.mounted(back)
	s.switched(front, back)
	if got := s.Output("docker", "port", front, "30081/tcp"); !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("the port without a number is published at %q", got)
	}

	if r := s.Must("up", "--config", file); !strings.Contains(r.Stdout, "nothing was changed") {
		t.Errorf("a second up prints\n%s", r.Stdout)
	}
	other := s.Kindctl("up", "--config", f.write("other.yaml", strings.Replace(config, "1Gi", "1200Mi", 1)))
	if other.Code != 2 || !strings.Contains(other.Stderr, "memory of "+back+": 1Gi, not 1200Mi") {
		t.Errorf("up in another shape: exit %d\n%s", other.Code, other.Stderr)
	}
	s.Must("down", "-n", configured)
	s.belongsAsBefore(before)
}

// TestConfigRefused tries files that cannot work, before anything is made.
func TestConfigRefused(t *testing.T) {
	s := newSession(t, configured)
	before := s.belongings()
	f, port := files{t, t.TempDir()}, porttest.Free(t)
	f.write("app.yaml", app)
	config := strings.Replace(configuration, "PORT", fmt.Sprint(port), 1)
	refused := func(code int, want, name, content string) {
		t.Helper()
		r := s.Kindctl("up", "--config", f.write(name, content))
		if r.Code != code || !strings.Contains(r.Stderr, want) {
			t.Errorf("%s: exit %d, want %d with %q:\n%s", name, r.Code, code, want, r.Stderr)
		}
	}
	refused(3, "mount.yaml:19: "+filepath.Join(f.dir, "data")+" does not exist", "mount.yaml", config)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	refused(3, fmt.Sprintf("port 127.0.0.1:%d/tcp is in use", port), "port.yaml", config)
	listener.Close()
	bare := func(rest string) string {
		return "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: " + configured + "\ncni: calico\n" + rest
	}
	refused(3, "Docker's machine has", "limit.yaml", bare("nodes:\n- {role: control-plane, cpus: 4096}\n"))
	refused(2, "unrecognized feature gate: NoSuchGate", "gate.yaml", bare("featureGates: {NoSuchGate: true}\n"))
	refused(2, "hashes to", "sum.yaml", bare("manifests: [{file: app.yaml, sha256: "+strings.Repeat("0", 64)+"}]\n"))
	refused(2, "cannot be read", "file.yaml", bare("manifests: [{file: gone.yaml}]\n"))
	s.belongsAsBefore(before)
}

func (s *session) labelsAndTaints(front, back string) {
	s.Helper()
	for _, check := range []struct{ node, path, want string }{
		{back, "{.metadata.labels.tier}", "back"},
		{back, "{.metadata.labels}", `"node-role.kubernetes.io/database":""`},
		{back, "{.spec.taints[?(@.key=='dedicated')]}", `{"effect":"NoExecute","key":"dedicated","value":"db"}`},
		{front, "{.spec.taints}", `{"effect":"NoSchedule","key":"example.com/entry"}`},
		{front, "{.spec.taints}", `{"effect":"NoSchedule","key":"node-role.kubernetes.io/control-plane"}`},
	} {
		if got := s.Kubectl(configured, "get", "node", check.node, "-o", "jsonpath="+check.path); !strings.Contains(got, check.want) {
			s.Errorf("%s of %s is %s, want %s", check.path, check.node, got, check.want)
		}
	}
}

// limited looks at Docker, at the node's cgroup and at what Kubernetes gives to
// pods.
func (s *session) limited(node, cpus, memory string) {
	s.Helper()
	wantCPUs, wantMemory := resource.MustParse(cpus), resource.MustParse(memory)
	want := fmt.Sprintf("%d %d %d", wantCPUs.ScaledValue(resource.Nano), wantMemory.Value(), wantMemory.Value())
	if got := s.Output("docker", "inspect", "-f", "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}", node); got != want {
		s.Errorf("Docker limits %s to %s, want %s", node, got, want)
	}
	cgroup := s.Output("docker", "exec", node, "sh", "-c", "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes")
	if cgroup != fmt.Sprint(wantMemory.Value()) {
		s.Errorf("the cgroup of %s has %s bytes, want %d", node, cgroup, wantMemory.Value())
	}
	got := strings.Fields(s.Kubectl(configured, "get", "node", node, "-o", "jsonpath={.status.allocatable.cpu} {.status.allocatable.memory}"))
	if len(got) != 2 {
		s.Fatalf("allocatable of %s is %q", node, got)
	}
	haveCPUs, haveMemory := resource.MustParse(got[0]), resource.MustParse(got[1])
	if haveCPUs.Cmp(wantCPUs) != 0 || haveMemory.Value() > wantMemory.Value() || haveMemory.Value() < wantMemory.Value()-(16<<20) {
		s.Errorf("Kubernetes would give pods %s of %s, want %s and %s", got, node, cpus, memory)
	}
}

// servedAt asks the manifest's pod through the published port, from the host. up
// waited until it is ready.
func (s *session) servedAt(port int) {
	s.Helper()
	s.Eventually(20*time.Second, func() (string, error) { // every node's rules know the Service a moment later
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/hostname", port))
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && !strings.HasPrefix(string(body), "web-") {
			err = fmt.Errorf("someone else answers: %s", body)
		}
		return string(body), err
	})
	if ready := s.Kubectl(configured, "-n", "app", "get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}"); ready != "1" {
		s.Errorf("%s pods of the manifest are ready", ready)
	}
	if node := s.Kubectl(configured, "-n", "app", "get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}"); node != configured+"-worker" {
		s.Errorf("the manifest's pod runs on %s", node)
	}
}

func (s *session) mounted(node string) {
	s.Helper()
	if got := s.Output("docker", "exec", node, "cat", "/data/greeting"); got != "hello from the host" {
		s.Errorf("the node reads %q", got)
	}
	if out, err := s.Try("docker", "exec", node, "touch", "/data/new"); err == nil || !strings.Contains(out, "Read-only") {
		s.Errorf("the node may write (%v): %s", err, out)
	}
}

// switched looks for the feature gate, the API and the patch.
func (s *session) switched(front, back string) {
	s.Helper()
	if got := s.Kubectl(configured, "get", "--raw", "/metrics"); !strings.Contains(got, `kubernetes_feature_enabled{name="PodLogsQuerySplitStreams",stage="ALPHA"} 1`) {
		s.Error("the API server has not turned the feature gate on")
	}
	if got := s.Kubectl(configured, "get", "--raw", "/api/v1/nodes/"+back+"/proxy/configz"); !strings.Contains(got, `"PodLogsQuerySplitStreams":true`) {
		s.Errorf("the kubelet has not turned the feature gate on:\n%s", got)
	}
	if got := s.Kubectl(configured, "api-versions"); !strings.Contains(got, "resource.k8s.io/v1beta1") {
		s.Errorf("the API of runtimeConfig is not served:\n%s", got)
	}
	scheduler := s.Kubectl(configured, "-n", "kube-system", "get", "pod", "kube-scheduler-"+front, "-o", "jsonpath={.spec.containers[0].command}")
	for _, flag := range []string{"--feature-gates=PodLogsQuerySplitStreams=true", "--leader-elect-retry-period=500ms"} {
		if !strings.Contains(scheduler, flag) {
			s.Errorf("the scheduler lacks %s: %s", flag, scheduler)
		}
	}
	if got := s.Kubectl(configured, "-n", "kube-system", "get", "pod", "kube-apiserver-"+front, "-o", "jsonpath={.spec.containers[0].command}"); !strings.Contains(got, "--event-ttl=2h0m0s") {
		s.Errorf("the patch was not applied:\n%s", got)
	}
}

// TestKindFile brings a file of kind's up as it is: kind's own guide for ingress
// controllers begins with it.
func TestKindFile(t *testing.T) {
	long(t)
	const cluster = "e2e-kind-file"
	s := newSession(t, cluster)
	port := porttest.Free(t)
	file := files{t, t.TempDir()}.write("kind.yaml", fmt.Sprintf(`kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: %s
networking:
  podSubnet: 10.77.0.0/16
  kubeProxyMode: nftables
nodes:
- role: control-plane
  labels: {tier: all}
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration:
      kubeletExtraArgs:
        node-labels: "ingress-ready=true"
  extraPortMappings:
  - containerPort: 80
    hostPort: %d
    listenAddress: 127.0.0.1
    protocol: TCP
`, cluster, port))
	s.Must("up", "--config", file, "--cni", "calico")
	s.Apply(cluster, strings.Replace(`
apiVersion: v1
kind: Pod
metadata: {name: entry}
spec:
  hostNetwork: true
  nodeSelector: {ingress-ready: "true", tier: all}
  containers: [{name: entry, image: "IMAGE", args: [netexec, --http-port=80, --udp-port=8082]}]
`, "IMAGE", verify.DefaultProbeImage, 1))
	s.Kubectl(cluster, "wait", "--for=condition=Ready", "pod/entry", "--timeout=60s")
	s.Eventually(20*time.Second, func() (string, error) {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/hostname", port))
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	})
	if got := s.Kubectl(cluster, "get", "nodes", "-o", "jsonpath={.items[*].spec.podCIDR}"); !strings.HasPrefix(got, "10.77.") {
		t.Errorf("pods have %s", got)
	}
	if got := s.Kubectl(cluster, "-n", "kube-system", "get", "configmap", "kube-proxy", "-o", "yaml"); !strings.Contains(got, "mode: nftables") {
		t.Errorf("kube-proxy is configured as\n%s", got)
	}
}
