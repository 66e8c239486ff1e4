//go:build e2e

package e2e

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kindctl/kindctl/internal/gomod"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/test/harness"
)

// releases serves the binary under test as a release, with its checksum.
func (s *session) releases() string {
	s.Helper()
	root := s.TempDir()
	dir := filepath.Join(root, "download", "v1.2.3")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.Fatal(err)
	}
	archive := fmt.Sprintf("kindctl_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	s.Output("tar", "-C", filepath.Dir(harness.Binary), "--use-compress-program", "gzip -1", "-cf", filepath.Join(dir, archive), "kindctl")
	s.Output("sh", "-c", `cd "$1" && sha256sum "$2" >checksums.txt`, "sh", dir, archive)
	server := httptest.NewServer(http.FileServer(http.Dir(root)))
	s.Cleanup(server.Close)
	return server.URL
}

// step runs a part of the GitHub action, and returns what it wrote for the runner.
func (s *session) step(script, temp string, more ...string) (code int, values map[string]string) {
	s.Helper()
	cmd := exec.Command("node", filepath.Join("..", "..", "action", script))
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "RUNNER_TEMP="+temp, "KUBECONFIG="+s.Kubeconfig, "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary.md"))
	file := filepath.Join(temp, script+".out")
	for _, name := range []string{"OUTPUT", "ENV", "PATH", "STATE"} {
		cmd.Env = append(cmd.Env, "GITHUB_"+name+"="+file)
	}
	cmd.Env = append(cmd.Env, more...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		s.Fatal(err)
	}
	s.Logf("%s: exit %d\n%s", script, cmd.ProcessState.ExitCode(), out)
	values = map[string]string{}
	if data, err := os.ReadFile(file); err == nil {
		for _, found := range regexp.MustCompile(`(?m)^(\w+)<<\S+\n(.*)$`).FindAllStringSubmatch(string(data), -1) {
			values[found[1]] = found[2]
		}
	}
	return cmd.ProcessState.ExitCode(), values
}

// TestAction goes through a job of GitHub Actions: the action makes a cluster,
// steps use it and its registry, and when the job ends there are diagnostics and
// neither of the two.
func TestAction(t *testing.T) {
	long(t)
	needs(t, "node")
	s := newSession(t)
	before := s.belongings()
	temp := t.TempDir()
	const image = "e2e-action/registry:dev"
	s.compile(image, `package main; import ("net/http"; "os"; "github.com/google/go-containerregistry/pkg/registry")
		func main() { panic(http.ListenAndServe(os.Getenv("REGISTRY_HTTP_ADDR"), registry.New())) }`)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	code, told := s.step("main.js", temp, "INPUT_REGISTRY=true", "INPUT_REGISTRY_IMAGE="+image, "INPUT_REGISTRY_NAME=e2e-action-registry", "INPUT_REGISTRY_PORT="+port, "INPUT_VERSION=v1.2.3", "INPUT_DOWNLOAD_URL="+s.releases(), "INPUT_CNI=calico", "INPUT_PROFILE=single", "INPUT_TTL=1h", "INPUT_KUBECONFIG=", "INPUT_ARTIFACTS=", "INPUT_CLUSTER_NAME=")
	name := told["name"]
	t.Cleanup(func() {
		_, _ = s.Try("docker", "rm", "-f", "-v", "e2e-action-registry")
		s.Kindctl("down", "-n", name)
	})
	if code != 0 || name == "" || told["KINDCTL_NAME"] != name {
		t.Fatalf("main: exit %d, %v", code, told)
	}
	if nodes := s.Kubectl(name, "get", "nodes", "-o", "name"); nodes != "node/"+name+"-control-plane" {
		t.Errorf("the nodes are %s", nodes)
	}
	if kubeconfig, err := os.ReadFile(told["KUBECONFIG"]); err != nil || !strings.Contains(string(kubeconfig), "current-context: kind-"+name) {
		t.Errorf("the kubeconfig: %v\n%s", err, kubeconfig)
	}
	if summary, err := os.ReadFile(filepath.Join(temp, "summary.md")); err != nil || !strings.Contains(string(summary), "net.pods") {
		t.Errorf("the step's summary: %v\n%s", err, summary)
	}
	pushed := told["LOCAL_REGISTRY"] + "/say:dev"
	s.build(pushed, "pulled")
	s.Output("docker", "push", pushed)
	for pod, from := range map[string]string{"here": pushed, "inside": "e2e-action-registry:" + port + "/say:dev"} {
		s.Kubectl(name, "run", pod, "--image="+from, "--image-pull-policy=Always", "--restart=Never")
		s.Kubectl(name, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/"+pod, "--timeout=60s")
		if said := s.Kubectl(name, "logs", pod); said != "pulled" {
			t.Errorf("the pod of %s says %q", from, said)
		}
	}
	if hosting := s.Kubectl(name, "-n", "kube-public", "get", "configmap", "local-registry-hosting", "-o", "jsonpath={.data}"); !strings.Contains(hosting, told["LOCAL_REGISTRY"]) {
		t.Errorf("the registry is announced as %s", hosting)
	}
	state := []string{"INPUT_VERIFY=true"}
	for _, key := range []string{"program", "name", "artifacts", "kubeconfig"} {
		state = append(state, "STATE_"+key+"="+told[key])
	}
	if code, _ := s.step("post.js", temp, state...); code != 0 {
		t.Errorf("post: exit %d", code)
	}
	for file, want := range map[string]string{"cluster.xml": `<testcase name="net.pods@`, "cluster.json": `"passed": true`, "verify.json": `"passed": true`} {
		if data, err := os.ReadFile(filepath.Join(told["artifacts"], file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %s (%v)", file, want, err)
		}
	}
	if found, err := filepath.Glob(filepath.Join(told["artifacts"], "diagnostics", "*")); err != nil || len(found) == 0 {
		t.Errorf("there are no diagnostics (%v)", err)
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// TestActionRestores goes through two jobs, of which the second one restores the cluster that the
// first one has written into the cache.
func TestActionRestores(t *testing.T) {
	long(t)
	needs(t, "node", "tar")
	s := newSession(t)
	before := s.belongings()
	file := filepath.Join(t.TempDir(), "cluster.tar")
	inputs := []string{"INPUT_SNAPSHOT=" + file, "INPUT_VERSION=v1.2.3", "INPUT_DOWNLOAD_URL=" + s.releases(), "INPUT_CNI=calico", "INPUT_PROFILE=single", "INPUT_TTL=1h"}
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	uid := ""
	for _, job := range []string{"creates", "restores"} {
		temp := t.TempDir()
		code, told := s.step("main.js", temp, inputs...)
		name := told["name"]
		t.Cleanup(func() { s.Kindctl("down", "-n", name) })
		if code != 0 || name == "" {
			t.Fatalf("the job that %s: exit %d, %v", job, code, told)
		}
		found := s.Kubectl(name, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
		if uid != "" && found != uid {
			t.Errorf("the second cluster is %s, and the first one was %s", found, uid)
		}
		uid = found
		s.Kubectl(name, "create", "namespace", "traces")
		state := []string{"INPUT_VERIFY=true"}
		for _, key := range []string{"program", "name", "artifacts", "kubeconfig"} {
			state = append(state, "STATE_"+key+"="+told[key])
		}
		if code, _ := s.step("post.js", temp, state...); code != 0 {
			t.Errorf("post: exit %d", code)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the snapshot is %v (%v)", info, err)
		}
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// TestGitLab runs the lines of the GitLab job, with the Docker that is here in
// place of the service's.
func TestGitLab(t *testing.T) {
	long(t)
	needs(t, "wget", "docker")
	s := newSession(t)
	before := s.belongings()
	data, err := os.ReadFile(filepath.Join("..", "..", "templates", "kindctl.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "\n---\n")
	// Any image does that has a shell; one of a node is here.
	image := s.Output("sh", "-c", `docker images --format '{{.Repository}}:{{.Tag}}' | grep -m1 -E '^(kindctl.local|kindest)/node:'`)
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]string{"job": "tests", "stage": "test", "docker": "29", "image": image, "version": "v1.2.3", "cni": "calico", "profile": "single", "flags": "", "url": s.releases(),
		"command": `echo "$KINDCTL_NAME in $PWD says $SHOP" >said; test -s "$KUBECONFIG" && kubectl get nodes -o name >nodes`}
	text = regexp.MustCompile(`\$\[\[ inputs\.(\w+) \]\]`).ReplaceAllStringFunc(text, func(match string) string {
		return inputs[strings.TrimSuffix(strings.TrimPrefix(match, "$[[ inputs."), " ]]")]
	})
	var jobs map[string]struct {
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
	}
	if err := yaml.Unmarshal([]byte(strings.Replace(text, inputs["command"], "''", 1)), &jobs); err != nil {
		t.Fatal(err)
	}
	job, project := jobs["tests"], t.TempDir()
	shell := exec.Command("sh", "-e", "-c", strings.Join(append(job.BeforeScript, job.Script...), "\n"))
	shell.Dir = project
	shell.Env = os.Environ()
	for name, value := range job.Variables {
		shell.Env = append(shell.Env, name+"="+value)
	}
	shell.Env = append(shell.Env, "CI_PROJECT_DIR="+project, "SHOP=hello", "KINDCTL_COMMAND="+inputs["command"], "KINDCTL_DOCKER_CLI="+docker)
	shell.Env = append(shell.Env, "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	// The image need not trust who this machine trusts: kindctl reads the CNI's
	// manifests through the network.
	if authorities, err := os.ReadFile(cmp.Or(os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt")); err == nil {
		trusted := filepath.Join(project, "authorities.pem")
		if err := os.WriteFile(trusted, authorities, 0o600); err != nil {
			t.Fatal(err)
		}
		shell.Env = append(shell.Env, "SSL_CERT_FILE="+trusted)
	}
	out, err := shell.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the job: %v", err)
	}
	for file, want := range map[string]string{
		"said": " in " + project + " says hello", "nodes": "-control-plane", ".kindctl/reports/cluster.xml": `<testcase name="net.pods@`,
	} {
		if data, err := os.ReadFile(filepath.Join(project, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %q (%v): %s", file, want, err, data)
		}
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// TestPlatforms compiles kindctl for every system that a release is for, each
// with one of its architectures. From nothing this takes minutes for each.
func TestPlatforms(t *testing.T) {
	long(t)
	data, err := os.ReadFile(filepath.Join("..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Builds []struct{ Goos, Goarch []string }
	}
	if err := yaml.Unmarshal(data, &release); err != nil || len(release.Builds) == 0 || len(release.Builds[0].Goos) < 3 {
		t.Fatalf("the release is for %+v (%v)", release, err)
	}
	for _, system := range release.Builds[0].Goos {
		build := exec.Command("go", "build", "github.com/kindctl/kindctl/internal/cli", "github.com/kindctl/kindctl/pkg/kindctltest")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+release.Builds[0].Goarch[0])
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", system, err, out)
		}
	}
}

// schemas is a module that publishes Jenkins' schema of JUnit files (junit-4.xsd of
// its dtkit) among its fixtures.
var schemas = gomod.Module{Path: "github.com/yannh/kubeconform", Version: "v0.8.0", Sum: "h1:loDYd3a3spjIFrauqW67CDKF55Oo9R6uvC8AvpVd4ug="}

// fixturesOf unpacks a module's folder "fixtures".
func fixturesOf(t *testing.T, m gomod.Module) (dir string) {
	t.Helper()
	file, release, err := gomod.Archive(t.Context(), m, event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	fixtures, err := fs.Sub(archive, m.Path+"@"+m.Version+"/fixtures")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, fixtures); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestJUnitSatisfiesSchema holds the file of a recorded run, with every outcome, and
// that of a verification which cannot even begin, to the schema itself. It is older
// than skipped tests with a message, which its successor (junit-10.xsd) allows.
func TestJUnitSatisfiesSchema(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed: apt-get install libxml2-utils")
	}
	fixtures := fixturesOf(t, schemas)
	s := newSession(t)
	unreachable := filepath.Join(t.TempDir(), "junit.xml")
	if r := s.Kindctl("verify", "--context", "production", "--report", "junit="+unreachable); r.Code == 0 {
		t.Errorf("a cluster that is not there is verified:\n%s", r.Stdout)
	}
	message := regexp.MustCompile(`<skipped message="[^"]*">`)
	for file, cases := range map[string]string{filepath.Join("..", "..", "internal", "report", "testdata", "result", "junit.xml"): "<skipped ", unreachable: "<testcase "} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), cases) {
			t.Errorf("%s has no %s", file, cases)
		}
		older := filepath.Join(t.TempDir(), "older.xml")
		if err := os.WriteFile(older, message.ReplaceAll(data, []byte("<skipped>")), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := s.Try("xmllint", "--noout", "--schema", filepath.Join(fixtures, "junit.xsd"), older); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}
