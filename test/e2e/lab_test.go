//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scenarios has labs in Killercoda's format.
const scenarios = "../../internal/lab/testdata/scenarios"

// TestLab goes through a lab from its beginning to its end.
func TestLab(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-lab"
	data := t.TempDir()
	s := newSession(t, cluster)
	s.Env = []string{"XDG_DATA_HOME=" + data}
	if r := s.Must("lab", "run", filepath.Join(scenarios, "two-steps"), "-n", cluster); !strings.Contains(r.Stdout, "Step 1 of 2: Create it (10 points)") {
		t.Errorf("run shows\n%s", r.Stdout)
	}
	state := filepath.Join(data, "kindctl", "labs", cluster, "state.json")
	if info, err := os.Stat(state); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the progress is %v, %v", info, err)
	}
	if r := s.Kindctl("lab", "run", filepath.Join(scenarios, "namespace"), "-n", cluster); r.Code != 2 || !strings.Contains(r.Stderr, "runs already") {
		t.Errorf("a second lab of that name: exit %d\n%s", r.Code, r.Stderr)
	}
	if r := s.Kindctl("lab", "check"); r.Code != 5 || !strings.Contains(r.Stderr, "step 1 has not passed") {
		t.Errorf("a check before anything is done: exit %d\n%s", r.Code, r.Stderr)
	}
	if r := s.Must("lab", "hint"); !strings.Contains(r.Stdout, "Hint 1 of 2, for 1 point") {
		t.Errorf("the hint is\n%s", r.Stdout)
	}
	s.Kubectl(cluster, "create", "configmap", "color", "--from-literal=sky=blue")
	if r := s.Must("lab", "check"); !strings.Contains(r.Stdout, "Step 1 has passed") || !strings.Contains(r.Stdout, "Step 2 of 2: Change it") {
		t.Errorf("the check says\n%s", r.Stdout)
	}
	s.Must("lab", "solve")
	s.Must("lab", "reset")
	if got := s.Kubectl(cluster, "get", "configmap", "color", "-o", "jsonpath={.data.sky}"); got != "blue" {
		t.Errorf("after the reset the sky is %q", got)
	}
	if r := s.Kindctl("lab", "check"); r.Code != 5 {
		t.Errorf("a check after the reset: exit %d\n%s", r.Code, r.Stderr)
	}
	s.Must("lab", "solve")
	if r := s.Must("lab", "check"); !strings.Contains(r.Stdout, "The lab is finished: 2 steps passed, 9 points") {
		t.Errorf("the last check says\n%s", r.Stdout)
	}
	s.Must("lab", "end")
	if left := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); left != "" {
		t.Errorf("containers are left: %s", left)
	}
	if left, err := filepath.Glob(filepath.Join(data, "kindctl", "*", cluster)); err != nil || len(left) > 0 {
		t.Errorf("files are left: %q, %v", left, err)
	}
}

// TestLabTraffic reaches a NodePort where the text of a lab says.
func TestLabTraffic(t *testing.T) {
	t.Parallel()
	long(t)
	const cluster = "e2e-lab-traffic"
	s := newSession(t, cluster)
	s.Env = []string{"XDG_DATA_HOME=" + t.TempDir()}
	r := s.Must("lab", "run", filepath.Join(scenarios, "traffic"), "-n", cluster)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(r.Stdout)
	if address == "" {
		t.Fatalf("the text has no address:\n%s", r.Stdout)
	}
	s.Must("lab", "solve")
	response, err := http.Get(address + "/hostname")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.HasPrefix(string(body), "web-") {
		t.Errorf("%s answers %q, %v", address, body, err)
	}
	s.Must("lab", "check")
	s.Must("lab", "end")
}

// TestLabTest has a lab of two hosts tried, with ssh between them.
func TestLabTest(t *testing.T) {
	t.Parallel()
	long(t)
	const cluster = "e2e-lab-test"
	s := newSession(t, cluster)
	s.Env = []string{"XDG_DATA_HOME=" + t.TempDir()}
	if r := s.Must("lab", "test", filepath.Join(scenarios, "ssh"), "-n", cluster); !strings.Contains(r.Stdout, "4 passed") {
		t.Errorf("the test says\n%s", r.Stdout)
	}
	if r := s.Kindctl("lab", "test", filepath.Join(scenarios, "always-passes"), "-n", cluster); r.Code != 5 || !strings.Contains(r.Stdout, "step1.before") {
		t.Errorf("a verify script that passes always: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}
