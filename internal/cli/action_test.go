package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// releasing serves a release as GitHub does, whose program is this one. Its
// checksum is right or, spoilt, that of something else.
func releasing(t *testing.T, spoilt bool) *httptest.Server {
	t.Helper()
	program, err := exec.LookPath("kindctl") // testscript has put it there
	if err != nil {
		t.Fatal(err)
	}
	return releasesOf(t, fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", program), spoilt, "v1.2.3")
}

// releasesOf serves releases of a shell script, the last one as the latest.
// There are tags which have no release, one of them the newest.
func releasesOf(t *testing.T, script string, spoilt bool, tags ...string) *httptest.Server {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a release for Windows would be a zip archive")
	}
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	if err := files.WriteHeader(&tar.Header{Name: "kindctl", Mode: 0o755, Size: int64(len(script))}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive.Bytes())
	if spoilt {
		sum = sha256.Sum256(nil)
	}
	mux := http.NewServeMux()
	latest := "/tag/" + tags[len(tags)-1]
	mux.HandleFunc("/latest", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, latest, http.StatusFound) })
	mux.HandleFunc(latest, func(http.ResponseWriter, *http.Request) {})
	for _, tag := range tags {
		name := fmt.Sprintf("kindctl_%s_%s_%s.tar.gz", tag[1:], runtime.GOOS, runtime.GOARCH)
		mux.HandleFunc("/download/"+tag+"/"+name, func(w http.ResponseWriter, _ *http.Request) { w.Write(archive.Bytes()) })
		mux.HandleFunc("/download/"+tag+"/checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "%x  other.zip\n%x  %s\n", sha256.Sum256([]byte("x")), sum, name)
		})
	}
	mux.HandleFunc("/info/refs", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("service") != "git-upload-pack" {
			http.Error(w, "which service?", http.StatusForbidden)
			return
		}
		refs := []string{"HEAD\x00multi_ack", "refs/heads/v1.99.0", "refs/tags/v1", "refs/tags/v1.11.0-rc1"}
		for _, tag := range append(tags, "v1.10.9", "v9.9.9") {
			refs = append(refs, "refs/tags/"+tag, "refs/tags/"+tag+"^{}")
		}
		fmt.Fprint(w, "001e# service=git-upload-pack\n0000")
		for _, ref := range refs {
			line := fmt.Sprintf("%x %s\n", sha1.Sum([]byte(ref)), ref)
			fmt.Fprintf(w, "%04x%s", len(line)+4, line)
		}
		fmt.Fprint(w, "0000")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// metadata is action.yml.
type metadata struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Description string }
	Runs    struct{ Using, Main, Post string }
}

func readAction(t *testing.T) (action metadata) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &action); err != nil {
		t.Fatal(err)
	}
	return action
}

// job is a job of GitHub Actions on a host without Docker.
type job struct {
	*testing.T
	action metadata
	temp   string
	with   map[string]string
	state  map[string]string
	env    []string
}

func newJob(t *testing.T, server *httptest.Server, with map[string]string) *job {
	t.Helper()
	needs(t, "node")
	with["download_url"] = server.URL
	return &job{t, readAction(t), t.TempDir(), with, nil, nil}
}

// step runs a part of the action as the runner does.
func (j *job) step(script string) (code int, said string) {
	j.Helper()
	command := exec.Command("node", filepath.Join("..", "..", script))
	command.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "DOCKER_HOST=unix://"+filepath.Join(j.temp, "none.sock"),
		"RUNNER_TEMP="+j.temp, "RUNNER_TOOL_CACHE="+filepath.Join(j.temp, "tools"), "GITHUB_STEP_SUMMARY="+filepath.Join(j.temp, "SUMMARY"), "HOME="+j.temp)
	for name, input := range j.action.Inputs {
		value, given := j.with[name]
		if !given {
			value = input.Default
		}
		command.Env = append(command.Env, "INPUT_"+strings.ToUpper(name)+"="+value)
	}
	for name, value := range j.state {
		command.Env = append(command.Env, "STATE_"+name+"="+value)
	}
	for _, file := range []string{"OUTPUT", "ENV", "PATH", "STATE"} {
		if err := os.WriteFile(filepath.Join(j.temp, file), nil, 0o600); err != nil {
			j.Fatal(err)
		}
		command.Env = append(command.Env, "GITHUB_"+file+"="+filepath.Join(j.temp, file))
	}
	command.Env = append(command.Env, j.env...)
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		j.Fatal(err)
	}
	j.Logf("%s: exit %d\n%s", script, command.ProcessState.ExitCode(), out)
	return command.ProcessState.ExitCode(), string(out)
}

// told reads what a step has written to one of the runner's files.
func (j *job) told(file string) map[string]string {
	j.Helper()
	data, err := os.ReadFile(filepath.Join(j.temp, file))
	if err != nil {
		j.Fatal(err)
	}
	values := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^(\w+)<<(\S+)\n(.*)\n(\S+)$`).FindAllStringSubmatch(string(data), -1) {
		if found[2] == found[4] {
			values[found[1]] = found[3]
		}
	}
	return values
}

// TestAction goes through a job whose cluster cannot be made: kindctl is
// installed, the failure is the step's, and the post step knows what to clean.
func TestAction(t *testing.T) {
	j := newJob(t, releasing(t, false), map[string]string{"cni": "calico", "profile": "single", "flags": "--wait-timeout 2m"})
	code, said := j.step(j.action.Runs.Main)
	if code != 3 || !strings.Contains(said, "Docker does not answer") {
		t.Errorf("main: exit %d", code)
	}
	outputs := j.told("OUTPUT")
	if got := slices.Sorted(maps.Keys(outputs)); !slices.Equal(got, slices.Sorted(maps.Keys(j.action.Outputs))) {
		t.Errorf("the outputs are %v; action.yml says %v", got, slices.Sorted(maps.Keys(j.action.Outputs)))
	}
	name := outputs["cluster_name"]
	if outputs["version"] != "v1.2.3" || !regexp.MustCompile(`^gh-[0-9a-f]{8}$`).MatchString(name) || outputs["context"] != "kind-"+name {
		t.Errorf("the outputs are %v", outputs)
	}
	if outputs["LOCAL_REGISTRY"] != "" {
		t.Errorf("without a registry there is one at %s", outputs["LOCAL_REGISTRY"])
	}
	variables := j.told("ENV")
	if variables["KUBECONFIG"] != outputs["kubeconfig"] || variables["KINDCTL_NAME"] != name || variables["KIND_CLUSTER_NAME"] != name {
		t.Errorf("later steps have %v", variables)
	}
	report, err := os.ReadFile(filepath.Join(outputs["artifacts"], "cluster.xml"))
	if err != nil || !strings.Contains(string(report), "Docker does not answer") {
		t.Errorf("cluster.xml: %v\n%s", err, report)
	}
	path, err := os.ReadFile(filepath.Join(j.temp, "PATH"))
	if err != nil {
		t.Fatal(err)
	}
	version, err := exec.Command(filepath.Join(strings.TrimSpace(string(path)), "kindctl"), "version").Output()
	if err != nil || !strings.HasPrefix(string(version), "kindctl ") {
		t.Errorf("what was installed says %q (%v)", version, err)
	}

	j.state = j.told("STATE")
	if code, said := j.step(j.action.Runs.Post); code != 1 || !strings.Contains(said, "::error title=kindctl::something of cluster "+name+" may be left") {
		t.Errorf("post, where Docker does not answer: exit %d", code)
	}
	j.with["ignore_failed_clean"] = "true"
	if code, said := j.step(j.action.Runs.Post); code != 0 || !strings.Contains(said, "::warning title=kindctl::something") {
		t.Errorf("post that ignores it: exit %d", code)
	}
}

// TestActionRegistry: a registry is there before the cluster, every node finds it
// by both of its names, and it is gone before the cluster's network is to go.
func TestActionRegistry(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	bin := t.TempDir()
	docker := `#!/bin/sh
case "$1 $3" in
"exec "*) shift 2; printf '%s\n' "docker exec $* <$(cat)" >>"$LOG";;
*) echo "docker $*" >>"$LOG";;
esac
case "$*" in
"ps "*) printf 'lab-external-load-balancer external-load-balancer\nlab-worker worker\nlab-control-plane control-plane\n';;
inspect*) printf 'lab-net\n\n';;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(docker), 0o700); err != nil {
		t.Fatal(err)
	}
	server := releasesOf(t, "#!/bin/sh\necho kindctl $1 NO_PROXY=$NO_PROXY >>$LOG\n", false, "v1.2.3")
	j := newJob(t, server, map[string]string{"registry": "true", "registry_name": "store", "registry_port": "5001", "registry_enable_delete": "true", "cluster_name": "lab", "verbosity": "3"})
	j.env = []string{"LOG=" + log, "PATH=" + bin + ":" + os.Getenv("PATH"), "NO_PROXY=.corp"}
	if code, _ := j.step(j.action.Runs.Main); code != 0 {
		t.Errorf("main: exit %d", code)
	}
	if got := j.told("OUTPUT")["LOCAL_REGISTRY"]; got != "localhost:5001" {
		t.Errorf("steps push to %q", got)
	}
	j.state = j.told("STATE")
	if code, _ := j.step(j.action.Runs.Post); code != 0 {
		t.Errorf("post: exit %d", code)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	const write = `sh -c mkdir -p "$1" && cat >"$1/hosts.toml" sh /etc/containerd/certs.d/`
	const hosts = ` <[host."http://store:5001"]`
	want := []string{
		"docker run --detach --name store --label dev.kindctl.registry=lab --publish 127.0.0.1:5001:5001 --env REGISTRY_HTTP_ADDR=:5001 --env REGISTRY_STORAGE_DELETE_ENABLED=true registry:2",
		"kindctl up NO_PROXY=.corp,store",
		`docker ps --filter label=io.x-k8s.kind.cluster=lab --format {{.Names}} {{.Label "io.x-k8s.kind.role"}}`,
		"docker inspect --format {{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}} lab-control-plane",
		"docker network connect lab-net store",
		"docker exec lab-worker " + write + "store:5001" + hosts,
		"docker exec lab-worker " + write + "localhost:5001" + hosts,
		"docker exec lab-control-plane " + write + "store:5001" + hosts,
		"docker exec lab-control-plane " + write + "localhost:5001" + hosts,
		`docker exec lab-control-plane kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - <{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"local-registry-hosting","namespace":"kube-public"},` +
			`"data":{"localRegistryHosting.v1":"host: \"localhost:5001\"\nhostFromContainerRuntime: \"store:5001\"\nhostFromClusterNetwork: \"store:5001\"\nhelp: \"https://github.com/kindctl/kindctl/blob/main/docs/ci.md\"\n"}}`,
		"kindctl export NO_PROXY=.corp",
		"kindctl down NO_PROXY=.corp",
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(data)), "\n")); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

// TestActionSnapshot: the first job writes the file that the second one restores. Jobs with other
// inputs, or whose file kindctl refuses, create their cluster and write the file again.
func TestActionSnapshot(t *testing.T) {
	needs(t, "tar")
	log, temp := filepath.Join(t.TempDir(), "log"), t.TempDir()
	file := filepath.Join(temp, "cache", "cluster.tar")
	script := `#!/bin/sh
echo "$* in $KINDCTL_NAME" >>$LOG
case "$1 $2" in
"snapshot export") cd $(mktemp -d) && printf '{"name": "%s", "cluster": "%s"}' "$3" "$6" >manifest.json && tar -cf "$4" manifest.json;;
"up --from") exit $REFUSED;;
esac
`
	server := releasesOf(t, script, false, "v1.2.3")
	lastJob := ""
	run := func(exit, cni string, code int) (said string, done []string) {
		t.Helper()
		if err := os.RemoveAll(log); err != nil {
			t.Fatal(err)
		}
		j := newJob(t, server, map[string]string{"snapshot": file, "cni": cni, "ttl": "2h"})
		j.env = []string{"LOG=" + log, "REFUSED=" + exit}
		got, said := j.step(j.action.Runs.Main)
		if got != code {
			t.Errorf("main: exit %d, want %d", got, code)
		}
		lastJob = j.told("STATE")["name"]
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			line = regexp.MustCompile(` --report \S+`).ReplaceAllString(strings.TrimSpace(line), "")
			line = strings.ReplaceAll(strings.ReplaceAll(line, file, "FILE"), lastJob, "CLUSTER")
			done = append(done, regexp.MustCompile(`ci-[0-9a-f]{12}`).ReplaceAllString(line, "SNAPSHOT"))
		}
		return said, done
	}
	makes := func(cni string) []string {
		return []string{"up --retain --cni " + cni + " --ttl 2h in CLUSTER",
			"snapshot save SNAPSHOT --replace -n CLUSTER in CLUSTER", "snapshot export SNAPSHOT FILE -n CLUSTER in CLUSTER", "snapshot rm SNAPSHOT -n CLUSTER in CLUSTER"}
	}
	restores := []string{"up --from FILE --retain --ttl 2h in CLUSTER"}
	wants := func(what string, got, want []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	_, done := run("0", "calico", 0)
	wants("the first job", done, makes("calico"))
	first := lastJob
	_, done = run("0", "calico", 0)
	wants("the second job", done, restores)
	if lastJob != first {
		t.Errorf("the second job has cluster %s, and the snapshot is of %s", lastJob, first)
	}
	_, done = run("5", "calico", 5)
	wants("a job whose restored cluster fails", done, restores)
	said, done := run("0", "cilium", 0)
	wants("a job with other inputs", done, makes("cilium"))
	if !strings.Contains(said, "::notice title=kindctl::the snapshot in "+file+" was made with other inputs") {
		t.Error("it does not say so")
	}
	first = lastJob
	said, done = run("2", "cilium", 0)
	wants("a job whose snapshot is refused", done[1:], makes("cilium"))
	if lastJob == first || !strings.Contains(said, "::warning title=kindctl::the cluster cannot be restored from "+file) {
		t.Errorf("its cluster is %s, and that of the snapshot %s", lastJob, first)
	}
	if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, done = run("0", "cilium", 0)
	wants("a job whose file is damaged", done, makes("cilium"))
	if !strings.Contains(said, "is not a snapshot") {
		t.Error("it does not say so")
	}
}

// TestActionVersions: a moving tag is the newest release of its own, not the
// latest of all, and of no tag that has no release.
func TestActionVersions(t *testing.T) {
	server := releasesOf(t, "#!/bin/sh\n", false, "v1.9.9", "v1.10.0", "v1.10.1", "v2.0.0")
	tests := []struct{ version, ref, want string }{
		{"", "v1", "v1.10.1"}, {"", "v1.9", "v1.9.9"}, {"", "v1.10.0", "v1.10.0"}, {"", "v2", "v2.0.0"}, {"", "main", "v2.0.0"},
		{"v1", "", "v1.10.1"}, {"1.9", "v1", "v1.9.9"}, {"latest", "v1", "v2.0.0"}, {"1.10.0", "v1", "v1.10.0"},
	}
	for _, tt := range tests {
		j := newJob(t, server, map[string]string{"version": tt.version, "install_only": "true"})
		j.env = []string{"GITHUB_ACTION_REF=" + tt.ref}
		if code, _ := j.step(j.action.Runs.Main); code != 0 || j.told("OUTPUT")["version"] != tt.want {
			t.Errorf("version %q, used by %q: exit %d, %v; want %s", tt.version, tt.ref, code, j.told("OUTPUT"), tt.want)
		}
	}
}

// TestActionInstallOnly: there is no cluster, and nothing to clean.
func TestActionInstallOnly(t *testing.T) {
	j := newJob(t, releasing(t, false), map[string]string{"install_only": "true", "version": "1.2.3"})
	if code, _ := j.step(j.action.Runs.Main); code != 0 {
		t.Errorf("main: exit %d", code)
	}
	if outputs, state := j.told("OUTPUT"), j.told("STATE"); len(outputs) != 1 || len(state) != 0 {
		t.Errorf("outputs %v, state %v", outputs, state)
	}
	if code, said := j.step(j.action.Runs.Post); code != 0 || said != "" {
		t.Errorf("post: exit %d", code)
	}
}

// TestActionRefuses: mistakes are told before anything is made, and what is not
// what was published is not run.
func TestActionRefuses(t *testing.T) {
	tests := map[string]struct {
		spoilt bool
		with   map[string]string
		want   string
	}{
		"a wrong checksum":       {true, map[string]string{}, "nothing was installed"},
		"no such version":        {false, map[string]string{"version": "v9.9.9"}, "download failed"},
		"no such major version":  {false, map[string]string{"version": "v9"}, "there is no release v9.x"},
		"no version":             {false, map[string]string{"version": "newest"}, "write it as v1.2.3"},
		"neither true nor false": {false, map[string]string{"verify": "maybe"}, "the input verify is"},
		"no number":              {false, map[string]string{"verbosity": "high"}, "the input verbosity is"},
		"no port":                {false, map[string]string{"registry": "true", "registry_port": "70000"}, "the input registry_port is"},
		"no host name":           {false, map[string]string{"registry": "true", "registry_name": "a/b"}, "the input registry_name is"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := newJob(t, releasing(t, tt.spoilt), tt.with)
			if code, said := j.step(j.action.Runs.Main); code != 1 || !strings.Contains(said, "::error title=kindctl::") || !strings.Contains(said, tt.want) {
				t.Errorf("exit %d, want %q", code, tt.want)
			}
			if state := j.told("STATE"); len(state) > 0 {
				t.Errorf("there is something to clean: %v", state)
			}
		})
	}
}

// TestActionKnowsFlags: every input that becomes a flag becomes one of "up".
func TestActionKnowsFlags(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "action", "flags.js"))
	if err != nil {
		t.Fatal(err)
	}
	action := readAction(t)
	found := regexp.MustCompile(`(\w+): '--([\w-]+)'`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 10 {
		t.Fatalf("the flags are not found: %v", found)
	}
	for _, pair := range found {
		if _, is := action.Inputs[pair[1]]; !is {
			t.Errorf("action.yml has no input %s", pair[1])
		}
		if flagOf(upCommand().Flags, pair[2]) == nil {
			t.Errorf("up has no flag --%s", pair[2])
		}
	}
}
