package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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

	"go.yaml.in/yaml/v3"
)

// releases serves one release as GitHub does, whose program is this one. Its
// checksum is right or, spoilt, that of something else.
func releases(t *testing.T, spoilt bool) *httptest.Server {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a release for Windows would be a zip archive")
	}
	program, err := exec.LookPath("kindctl") // testscript has put it there
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Appendf(nil, "#!/bin/sh\nexec %s \"$@\"\n", program)
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	if err := files.WriteHeader(&tar.Header{Name: "kindctl", Mode: 0o755, Size: int64(len(script))}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write(script); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("kindctl_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	sum := sha256.Sum256(archive.Bytes())
	if spoilt {
		sum = sha256.Sum256(nil)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/latest", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/tag/v1.2.3", http.StatusFound) })
	mux.HandleFunc("/tag/v1.2.3", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/download/v1.2.3/"+name, func(w http.ResponseWriter, _ *http.Request) { w.Write(archive.Bytes()) })
	mux.HandleFunc("/download/v1.2.3/checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%x  other.zip\n%x  %s\n", sha256.Sum256([]byte("x")), sum, name)
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
}

func newJob(t *testing.T, server *httptest.Server, with map[string]string) *job {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node, which GitHub's runner runs the action with, is not installed")
	}
	with["download_url"] = server.URL
	return &job{t, readAction(t), t.TempDir(), with, nil}
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
	j := newJob(t, releases(t, false), map[string]string{"cni": "calico", "profile": "single", "flags": "--wait-timeout 2m"})
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

// TestActionInstallOnly: there is no cluster, and nothing to clean.
func TestActionInstallOnly(t *testing.T) {
	j := newJob(t, releases(t, false), map[string]string{"install_only": "true", "version": "1.2.3"})
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
		"no version":             {false, map[string]string{"version": "newest"}, "write it as v1.2.3"},
		"neither true nor false": {false, map[string]string{"verify": "maybe"}, "the input verify is"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := newJob(t, releases(t, tt.spoilt), tt.with)
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
