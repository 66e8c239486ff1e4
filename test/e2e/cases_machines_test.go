//go:build e2e

package e2e

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/porttest"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/test/harness"
)

// machines are hosts that differ from a developer's.
func machines() []situation {
	return []situation{
		{
			name:    "binary-only",
			brings:  "A machine with Docker and the kindctl binary: no Go, no GOPROXY, no network",
			outcome: "works for both CNIs",
			try:     binaryOnly,
		},
		{
			name:    "in-container",
			brings:  "kindctl in a container that has the host's Docker socket, as in a devcontainer or a CI job",
			outcome: "works, by way of the clusters' Docker network",
			try:     inContainer,
		},
		{
			name:    "http-proxy",
			brings:  "HTTPS_PROXY is set, and NO_PROXY names localhost only",
			outcome: "works; requests to the cluster's own API server use no proxy",
			try: func(s *session, cluster string) {
				s.Env = []string{"HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=localhost"}
				address := strings.Fields(s.Output("hostname", "-I"))[0]
				s.Must("up", "--images", "local", "--cni", "none", "--config", s.file(cluster, kindFile+"networking: {apiServerAddress: "+address+"}\n"))
			},
		},
		{
			name:    "partial-image",
			brings:  "`kindctl load` of a two-platform image of which Docker has only one platform",
			outcome: "works; the node's platform is loaded",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
				s.Must("load", "-n", cluster, partialImage(s, "docker.io/library/e2e-partial:1"))
				if images := s.Output("docker", "exec", cluster+"-control-plane", "ctr", "-n", "k8s.io", "images", "ls", "-q"); !strings.Contains(images, "e2e-partial:1") {
					s.Errorf("the node has\n%s", images)
				}
			},
		},
		{
			name:    "company-authority",
			brings:  "A company's certificate authority, by `docker cp`, `update-ca-certificates` and a restart of containerd",
			outcome: "works, and nodes that are added have it too",
			try:     companyAuthority,
		},
		{
			name:    "fuse-overlayfs",
			brings:  "A host whose nodes need fuse-overlayfs: `KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER`",
			outcome: "refused with a built node image, whose images are unpacked for overlayfs; works with `--images registry`",
			ci:      true,
			try: func(s *session, cluster string) {
				s.Env = []string{"KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER=fuse-overlayfs"}
				r := s.Kindctl("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
				if r.Code != 3 || !strings.Contains(r.Stderr, "unpacked for overlayfs") || !strings.Contains(r.Stderr, "--images registry") {
					s.Errorf("exit %d, want 3:\n%s", r.Code, r.Stderr)
				}
				if made := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); made != "" {
					s.Errorf("containers were made: %s", made)
				}
			},
		},
		{
			name:    "probe-image",
			brings:  "`curl`, `dig`, `nc`, `ping` and `ss` in the image that Kubernetes' own tests use",
			outcome: "works",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "calico", "--profile", "single", "-n", cluster)
				s.Kubectl(cluster, "run", "tools", "--image="+verify.DefaultProbeImage, "--", "netexec")
				s.ready(cluster, "tools")
				const script = "curl -sf http://127.0.0.1:8080/hostname && dig +short kubernetes.default.svc.cluster.local && " +
					"nc -zv 127.0.0.1 8080 && ping -c1 127.0.0.1 && ss -ltn && id user-defined-in-image && /coredns -version"
				if got := s.Kubectl(cluster, "exec", "tools", "--", "sh", "-ec", script); !strings.Contains(got, "10.") || !strings.Contains(got, "group-defined-in-image") {
					s.Errorf("the tools say\n%s", got)
				}
			},
		},
		{
			name:    "node-tools",
			brings:  "NFS volumes, and `crictl` on a node",
			outcome: "works as with kind's own node image; what the image lacks is listed in images.md",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
				s.Output("docker", "exec", cluster+"-control-plane", "sh", "-c", "command -v mount.nfs && crictl pods && command -v curl jq ps")
			},
		},
		{
			name:    "node-images",
			brings:  "Each node names its image, as in tests of version skew",
			outcome: "works; only these images are looked for, and what the CNI needs is read from each",
			try:     nodeImages,
		},
		{
			name:    "hidden-control-plane",
			brings:  "`verify` on a cluster whose API shows no pods of the control plane, as k3s and kOps have it",
			outcome: "exits with 0; checks that need those pods are skipped with the reason",
			try:     hiddenControlPlane,
		},
	}
}

// nodeImages gives two nodes an image each, by names that nothing else uses.
func nodeImages(s *session, cluster string) {
	image := s.planned("--cni", "calico", "--images", "local", "-n", cluster).NodeImage
	nodes := kindFile + "nodes:\n"
	for role, name := range map[string]string{"control-plane": "e2e/node:new", "worker": "e2e/node:old"} {
		s.Output("docker", "tag", image, name)
		s.Cleanup(func() { s.Output("docker", "rmi", name) })
		nodes += "- role: " + role + "\n  image: " + name + "\n"
	}
	s.Must("up", "--images", "local", "--cni", "calico", "--config", s.file(cluster, nodes))
	for node, want := range map[string]string{cluster + "-control-plane": "e2e/node:new", cluster + "-worker": "e2e/node:old"} {
		if got := s.Output("docker", "inspect", "-f", "{{.Config.Image}}", node); got != want {
			s.Errorf("%s is made from %s, want %s", node, got, want)
		}
	}
	s.Green(cluster)
}

// hiddenControlPlane puts the static pods into a namespace that does not exist, so that
// the API server takes no mirror pods of them, and removes kindctl's record of the
// cluster.
func hiddenControlPlane(s *session, cluster string) {
	s.Must("up", "--images", "local", "--cni", "calico", "--profile", "single", "-n", cluster)
	s.Kubectl(cluster, "-n", "kube-system", "delete", "configmap", "kindctl")
	s.Output("docker", "exec", cluster+"-control-plane", "sh", "-ec", `systemctl stop kubelet
crictl pods --quiet --label tier=control-plane | xargs crictl --timeout 30s rmp --force
sed -i 's/^  namespace: kube-system/  namespace: hidden/' /etc/kubernetes/manifests/*.yaml
systemctl start kubelet`)
	s.Eventually(3*time.Minute, func() (string, error) {
		left, err := s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "-n", "kube-system", "get", "pods", "-l", "tier=control-plane", "-o", "name")
		if err == nil && left != "" {
			err = fmt.Errorf("there are still %s", left)
		}
		return left, err
	})
	var report struct{ Results []verify.Result }
	r := s.Kindctl("verify", "--context", "kind-"+cluster, "-o", "json")
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil || r.Code != 0 {
		s.Fatalf("verify: exit %d, %v\n%s", r.Code, err, r.Stdout)
	}
	for _, v := range report.Results {
		if strings.HasPrefix(v.ID, "etcd.") && (v.Outcome != "SKIP" || v.Cause == "") {
			s.Errorf("%s is %s (%s)", v.ID, v.Outcome, v.Cause)
		}
	}
}

// binaryOnly hides everything but docker from kindctl.
func binaryOnly(s *session, cluster string) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		s.Fatal(err)
	}
	path := s.TempDir()
	if err := os.Symlink(docker, filepath.Join(path, "docker")); err != nil {
		s.Fatal(err)
	}
	for _, cni := range []string{"calico", "cilium"} {
		cmd := exec.Command(harness.Binary, "up", "--images", "local", "--cni", cni, "--profile", "single", "-n", cluster)
		cmd.Env = []string{"HOME=" + s.TempDir(), "PATH=" + path, "KUBECONFIG=" + s.Kubeconfig, "http_proxy=http://127.0.0.1:9", "https_proxy=http://127.0.0.1:9"}
		if out, err := cmd.CombinedOutput(); err != nil {
			s.Fatalf("%s: %v\n%s", cni, err, out)
		}
		s.Must("down", "-n", cluster)
	}
}

func inContainer(s *session, cluster string) {
	s.Must("up", "--images", "local", "--cni", "none", "--profile", "single", "-n", cluster)
	image := s.Output("docker", "inspect", "-f", "{{.Config.Image}}", cluster+"-control-plane")
	s.Must("down", "-n", cluster)
	docker, err := exec.LookPath("docker")
	if err != nil {
		s.Fatal(err)
	}
	s.Output("docker", "run", "--rm", "--name", "e2e-case-job", "-v", "/var/run/docker.sock:/var/run/docker.sock", "-v", docker+":/usr/local/bin/docker:ro",
		"-v", harness.Binary+":/usr/local/bin/kindctl:ro", "-e", "HOME=/root", "--entrypoint", "/bin/sh", image, "-c",
		"kindctl up --profile single --cni none -n "+cluster+" --images local --image "+image+" && kubectl get nodes && kindctl verify -n "+cluster+" && kindctl stop -n "+cluster+" && kindctl start -n "+cluster)
	s.Green(cluster) // from the host as well
}

// partialImage writes an archive as Docker's containerd store saves it: the index
// names two platforms, and the blobs of one are absent.
func partialImage(s *session, name string) string {
	s.Helper()
	blobs := map[string][]byte{}
	blob := func(kind string, value any) map[string]any {
		data, is := value.([]byte)
		if !is {
			var err error
			if data, err = json.Marshal(value); err != nil {
				s.Fatal(err)
			}
		}
		digest := fmt.Sprintf("%x", sha256.Sum256(data))
		blobs[digest] = data
		return map[string]any{"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data)}
	}
	layer := packedFiles(s, map[string][]byte{"greeting": []byte("hello\n")})
	config := blob("config.v1+json", map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}}})
	here := blob("manifest.v1+json", map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []any{blob("layer.v1.tar", layer)}})
	here["platform"] = map[string]string{"architecture": "amd64", "os": "linux"}
	absent := map[string]any{"mediaType": here["mediaType"], "digest": fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("never pulled"))), "size": 500,
		"platform": map[string]string{"architecture": "arm64", "os": "linux"}}
	const indexType = "application/vnd.oci.image.index.v1+json"
	index := blob("index.v1+json", map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []any{here, absent}})
	index["annotations"] = map[string]string{"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name[strings.LastIndex(name, ":")+1:]}
	content := map[string][]byte{}
	for digest, data := range blobs {
		content["blobs/sha256/"+digest] = data
	}
	for file, value := range map[string]any{"oci-layout": map[string]string{"imageLayoutVersion": "1.0.0"}, "index.json": map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []any{index}}} {
		data, err := json.Marshal(value)
		if err != nil {
			s.Fatal(err)
		}
		content[file] = data
	}
	return files{s.TB, s.TempDir()}.write("partial.tar", string(packedFiles(s, content)))
}

func packedFiles(s *session, content map[string][]byte) []byte {
	s.Helper()
	var out strings.Builder
	w := tar.NewWriter(&out)
	for name, data := range content {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			s.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			s.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.Fatal(err)
	}
	return []byte(out.String())
}

func companyAuthority(s *session, cluster string) {
	dir := s.TempDir()
	authority := filepath.Join(dir, "company.crt")
	s.Output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=company",
		"-addext", "basicConstraints=critical,CA:TRUE", "-keyout", filepath.Join(dir, "key.pem"), "-out", authority)
	s.Must("up", "--images", "local", "--cni", "calico", "--workers", "1", "-n", cluster)
	trusted := func(node string) string {
		return s.Output("docker", "exec", node, "grep", "-c", "BEGIN", "/etc/ssl/certs/ca-certificates.crt")
	}
	before := trusted(cluster + "-worker")
	for _, node := range []string{cluster + "-control-plane", cluster + "-worker"} {
		s.Output("docker", "cp", authority, node+":/usr/local/share/ca-certificates/company.crt")
		s.Output("docker", "exec", node, "update-ca-certificates")
		s.Output("docker", "exec", node, "systemctl", "restart", "containerd")
	}
	after := trusted(cluster + "-worker")
	if after == before {
		s.Errorf("%s certificates before and after", before)
	}
	s.Must("node", "add", "-n", cluster)
	if added := trusted(cluster + "-worker2"); added != after {
		s.Errorf("the added node trusts %s certificates, its sibling %s", added, after)
	}
}

// uses are what people do on a cluster.
func uses() []situation {
	return []situation{
		{
			name:    "ingress-hostport",
			brings:  "kind's ingress example: a port of the workstation leads to a hostPort of a pod on the control plane",
			outcome: "works with both CNIs and with Cilium in kube-proxy's place",
			ci:      true,
			try: func(s *session, cluster string) {
				ways := [][]string{{"--cni", "cilium", "--proxy-mode", "none"}, {"--cni", "cilium"}, {"--cni", "calico"}}
				if testing.Short() {
					ways = ways[:1]
				}
				for _, flags := range ways {
					port := porttest.Free(s.TB)
					s.Must(append([]string{"up", "--images", "local", "--config", s.file(cluster, kindFile+fmt.Sprintf("nodes:\n- role: control-plane\n  labels: {ingress-ready: \"true\"}\n  extraPortMappings:\n  - {containerPort: 80, hostPort: %d}\n", port))}, flags...)...)
					s.Apply(cluster, probePod("front-door", "    ports: [{containerPort: 8080, hostPort: 80}]\n"))
					s.ready(cluster, "front-door")
					s.get(fmt.Sprintf("http://127.0.0.1:%d/hostname", port), "front-door")
					s.Must("down", "-n", cluster)
				}
			},
		},
		{
			name:    "layer-7-policy",
			brings:  "Cilium's first tutorial: policies for one HTTP path, and for names outside",
			outcome: "refused when they are applied, with the field that turns the proxy on; traffic is not left open",
			try: func(s *session, cluster string) {
				s.Must("up", "--images", "local", "--cni", "cilium", "--profile", "single", "-n", cluster)
				for field, rule := range map[string]string{
					"l7Proxy":  "ingress: [{toPorts: [{ports: [{port: \"8080\", protocol: TCP}], rules: {http: [{method: GET, path: /hostname}]}}]}]",
					"dnsProxy": "egress: [{toFQDNs: [{matchName: example.com}]}]",
				} {
					out, err := s.applies(cluster, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-path}\nspec:\n  endpointSelector: {}\n  "+rule+"\n")
					if err == nil || !strings.Contains(out, field) {
						s.Errorf("%s: %v\n%s", rule, err, out)
					}
				}
				if out, err := s.applies(cluster, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-port}\nspec:\n  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: \"8080\", protocol: TCP}]}]}]\n"); err != nil {
					s.Errorf("a policy that needs no proxy: %v\n%s", err, out)
				}
			},
		},
		{
			name:    "late-definition",
			brings:  "Manifests: an operator that creates its CustomResourceDefinition itself, then an object of it",
			outcome: "works; the kind is waited for",
			try:     lateDefinition,
		},
	}
}

// applies is apply for what may be refused.
func (s *session) applies(cluster, manifest string) (string, error) {
	s.Helper()
	cmd := exec.Command("docker", "exec", "-i", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func lateDefinition(s *session, cluster string) {
	f := files{s.TB, s.TempDir()}
	f.write("operator.yaml", `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: operator, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: shop-operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: operator, namespace: shop}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: definition, namespace: shop}
data:
  crd.yaml: |
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: shelves.shop.example.test}
    spec:
      group: shop.example.test
      scope: Namespaced
      names: {plural: shelves, singular: shelf, kind: Shelf}
      versions:
      - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, namespace: shop}
spec:
  selector: {matchLabels: {app: operator}}
  template:
    metadata: {labels: {app: operator}}
    spec:
      serviceAccountName: operator
      tolerations: [{operator: Exists}]
      containers:
      - name: operator
        image: `+verify.DefaultProbeImage+`
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "sleep 12; /node/kubectl apply -f /definition/crd.yaml; while :; do sleep 60; done"]
        volumeMounts:
        - {name: definition, mountPath: /definition}
        - {name: kubectl, mountPath: /node/kubectl, readOnly: true}
      volumes:
      - {name: definition, configMap: {name: definition}}
      - {name: kubectl, hostPath: {path: /usr/bin/kubectl, type: File}}
`)
	f.write("shelf.yaml", "apiVersion: shop.example.test/v1\nkind: Shelf\nmetadata: {name: first, namespace: shop}\nspec: {height: 3}\n")
	s.Must("up", "--images", "local", "--config", f.write("cluster.yaml", strings.ReplaceAll(strings.Replace(kindctlFile, "cni: none", "cni: calico", 1)+"manifests:\n- file: operator.yaml\n- file: shelf.yaml\n", "NAME", cluster)))
	if height := s.Kubectl(cluster, "-n", "shop", "get", "shelf", "first", "-o", "jsonpath={.spec.height}"); height != "3" {
		s.Errorf("the shelf's height is %q", height)
	}
}
