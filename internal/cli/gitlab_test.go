package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kindctl/kindctl/clusters"
)

// component is templates/kindctl.yml: its inputs, and the text of its job.
type component struct {
	inputs map[string]struct {
		Default *string
		Options []string
	}
	text string
}

// gitlabJob is what GitLab makes of the text.
type gitlabJob struct {
	Image        string
	Services     []struct{ Name, Alias string }
	Variables    map[string]string
	BeforeScript []string `yaml:"before_script"`
	Script       []string
	Artifacts    struct {
		Paths   []string
		Reports struct{ JUnit string }
	}
}

var gitlabInput = regexp.MustCompile(`\$\[\[ inputs\.(\w+) \]\]`)

func readComponent(t *testing.T) (c component) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "templates", "kindctl.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, c.text, _ = strings.Cut(string(data), "\n---\n")
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var head struct {
		Spec struct {
			Inputs map[string]struct {
				Default *string
				Options []string
			}
		}
	}
	if err := decoder.Decode(&head); err != nil {
		t.Fatal(err)
	}
	c.inputs = head.Spec.Inputs
	var rest yaml.Node
	if err := decoder.Decode(&rest); err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(&rest); !errors.Is(err, io.EOF) {
		t.Errorf("after the job there is more: %v", err)
	}
	return c
}

// job puts values in place of inputs, as GitLab does.
func (c component) job(t *testing.T, values map[string]string) (job gitlabJob) {
	t.Helper()
	text := gitlabInput.ReplaceAllStringFunc(c.text, func(match string) string {
		name := gitlabInput.FindStringSubmatch(match)[1]
		if value, given := values[name]; given {
			return value
		}
		if input := c.inputs[name]; input.Default != nil {
			return *input.Default
		}
		t.Fatalf("the input %s has no value", name)
		return ""
	})
	var jobs map[string]gitlabJob
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, job = range jobs {
	}
	if len(jobs) != 1 {
		t.Fatalf("there are %d jobs", len(jobs))
	}
	return job
}

func TestGitLabInputs(t *testing.T) {
	c := readComponent(t)
	used := map[string]bool{}
	for _, found := range gitlabInput.FindAllStringSubmatch(c.text, -1) {
		used[found[1]] = true
		if _, is := c.inputs[found[1]]; !is {
			t.Errorf("%s is no input", found[0])
		}
	}
	for name := range c.inputs {
		if !used[name] {
			t.Errorf("the input %s is used nowhere", name)
		}
	}
	if got := c.inputs["cni"].Options; !slices.Equal(got, clusters.CNIs()) {
		t.Errorf("CNIs are %v, want %v", got, clusters.CNIs())
	}
	if got := slices.Sorted(slices.Values(c.inputs["profile"].Options)); !slices.Equal(got, clusters.Profiles()) {
		t.Errorf("profiles are %v, want %v", got, clusters.Profiles())
	}
}

// TestGitLabJob runs the lines of the job in a shell, up to the point where
// Docker takes over: here a script stands for it and says what it was told.
func TestGitLabJob(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the job runs on Linux")
	}
	needs(t, "wget", "sha256sum", "awk")
	c := readComponent(t)
	for _, spoilt := range []bool{false, true} {
		project := t.TempDir()
		docker := "#!/bin/sh\n[ \"$1\" = info ] || printf '<%s>\\n' \"$@\"\n"
		bin := filepath.Join(project, "bin")
		if err := os.Mkdir(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(docker), 0o700); err != nil {
			t.Fatal(err)
		}
		job := c.job(t, map[string]string{"url": releasing(t, spoilt).URL, "version": "v1.2.3", "image": "golang:1.26", "command": "go test ./e2e/... -run 'A|B'", "flags": "--ttl 1h"})
		shell := exec.Command("sh", "-e", "-c", strings.Join(append(job.BeforeScript, job.Script...), "\n"))
		shell.Dir = project
		shell.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CI_PROJECT_DIR="+project, "SHOP_TOKEN=two\nlines")
		for name, value := range job.Variables {
			shell.Env = append(shell.Env, name+"="+value)
		}
		out, err := shell.CombinedOutput()
		if spoilt {
			if err == nil || !strings.Contains(string(out), "FAILED") || strings.Contains(string(out), "<run>") {
				t.Errorf("a wrong checksum: %v\n%s", err, out)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		said := strings.ReplaceAll(string(out), ">\n<", "> <")
		for _, want := range []string{
			"<--env> <SHOP_TOKEN>", "<--env> <KINDCTL_CNI>", "<--env> <KINDCTL_PROFILE>", "<--network> <host>",
			"<--volume> <" + project + ":" + project + ">", "<--volume> </usr/local/bin/docker:/usr/local/bin/docker:ro>",
			"<--entrypoint> <" + project + "/.kindctl/bin/kindctl> <golang:1.26> <run>",
			"<--report> <junit=" + job.Artifacts.Reports.JUnit + ",json=", "<--ttl> <1h> <--> <sh> <-c> <go test ./e2e/... -run 'A|B'>",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("docker was not told %s:\n%s", want, said)
			}
		}
		for _, not := range []string{"<PATH>", "<HOME>", "<DOCKER_HOST>", "<KINDCTL_COMMAND>", "lines"} {
			if strings.Contains(said, not) {
				t.Errorf("docker was told %s:\n%s", not, said)
			}
		}
		version, err := exec.Command(filepath.Join(project, ".kindctl", "bin", "kindctl"), "version").Output()
		if err != nil || !strings.HasPrefix(string(version), "kindctl ") {
			t.Errorf("what was installed says %q (%v)", version, err)
		}
	}
}
