//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// everything lists what kindctl makes, besides the kubeconfig: containers,
// volumes, networks, temporary directories and notes.
func (s *session) everything(cache string) string {
	s.Helper()
	left, err := filepath.Glob(filepath.Join(cache, "kindctl", "runs", "*"))
	if err != nil {
		s.Fatal(err)
	}
	temporary, err := filepath.Glob(filepath.Join(os.TempDir(), "kindctl-*"))
	if err != nil {
		s.Fatal(err)
	}
	return s.belongings() + sorted(s.output("docker", "network", "ls", "-q", "--no-trunc")) + strings.Join(append(left, temporary...), "\n")
}

// own gives the test a cache of its own, with what was built, and directories for
// temporary files, so that gc finds nobody else's.
func (s *session) own() (cache string) {
	s.Helper()
	users, err := os.UserCacheDir()
	if err != nil {
		s.Fatal(err)
	}
	cache, temporary := s.TempDir(), s.TempDir()
	if err := os.Mkdir(filepath.Join(cache, "kindctl"), 0o700); err != nil {
		s.Fatal(err)
	}
	for _, shared := range []string{"forge", "images", "modules"} {
		if err := os.Symlink(filepath.Join(users, "kindctl", shared), filepath.Join(cache, "kindctl", shared)); err != nil {
			s.Fatal(err)
		}
	}
	s.Setenv("XDG_CACHE_HOME", cache)
	s.Setenv("TMPDIR", temporary)
	return cache
}

// killed runs kindctl until it announces something, kills it, and returns what it
// has said.
func (s *session) killed(announced string, args ...string) (said string) {
	s.Helper()
	cmd := exec.Command(kindctl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "CI=true")
	progress, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	var seen strings.Builder
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), announced) {
			if err := cmd.Process.Kill(); err != nil {
				s.Fatal(err)
			}
			break
		}
	}
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != -1 {
		s.Fatalf("%q was never announced:\n%s", announced, seen.String())
	}
	return seen.String()
}

// TestKilled kills "up" in its phases, as the machine of a CI job does, and wants
// gc to leave everything as it was.
func TestKilled(t *testing.T) {
	long(t)
	const cluster, network = "e2e-killed", "e2e-killed-net"
	for _, phase := range []string{"[preflight]", "[existing]", "[create]", "Ensuring node image", "[cni]", "[verify]", "[kubeconfig]"} {
		t.Run(strings.ReplaceAll(strings.Trim(phase, "[]"), " ", "-"), func(t *testing.T) {
			s := newSession(t, cluster)
			cache := s.own()
			before := s.everything(cache)
			s.killed(phase, "up", "--cni", "calico", "--profile", "single", "--network", network, "-n", cluster)
			plan := s.must("gc", "--dry-run").stdout
			t.Logf("the plan:\n%s", plan)
			r := s.must("gc")
			t.Logf("gc says:\n%s", r.stdout)
			if after := s.everything(cache); after != before {
				t.Errorf("there was\n%s\nand now there is\n%s", before, after)
			}
			s.kubeconfigUntouched()
			if again := s.must("gc").stdout; again != "There is nothing to remove.\n" {
				t.Errorf("a second gc says %q", again)
			}
		})
	}
}

// TestKilledRun kills "run" while its command uses the cluster. What else is
// there survives: a cluster of kind's own, and one that another process makes.
func TestKilledRun(t *testing.T) {
	long(t)
	const theirs = "e2e-gc-kind"
	s := newSession(t, theirs)
	cache := s.own()
	s.kindCluster(theirs)
	t.Chdir(t.TempDir())
	before := s.everything(cache)
	said := s.killed("using it: ", "run", "--cni", "calico", "--profile", "single", "--", "sh", "-c", `echo using "it:" $$ >&2; exec sleep 600`)
	orphan, err := strconv.Atoi(strings.TrimSpace(said[strings.LastIndex(said, ":")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(orphan, syscall.SIGKILL) })
	r := s.must("gc", "-o", "json")
	var swept struct {
		DryRun   bool
		Clusters []struct {
			Cluster, Reason     string
			Containers, Volumes []string
		}
		Temporary []string
	}
	if err := json.Unmarshal([]byte(r.stdout), &swept); err != nil {
		t.Fatalf("%v\n%s", err, r.stdout)
	}
	if len(swept.Clusters) != 1 || !strings.HasPrefix(swept.Clusters[0].Cluster, "run-") || len(swept.Clusters[0].Containers) != 1 || len(swept.Clusters[0].Volumes) != 1 || len(swept.Temporary) != 1 || swept.DryRun {
		t.Errorf("gc says\n%s", r.stdout)
	}
	if after := s.everything(cache); after != before {
		t.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
	s.kubeconfigUntouched()
}

// kindCluster makes a container that looks like a cluster of kind's.
func (s *session) kindCluster(name string) {
	s.Helper()
	image, _, _ := strings.Cut(s.output("docker", "images", "-q", "kindctl.local/node"), "\n")
	s.output("docker", "run", "-d", "--name", name+"-control-plane", "--label", "io.x-k8s.kind.cluster="+name, "--label", "io.x-k8s.kind.role=control-plane", "--entrypoint", "sleep", image, "3600")
}

// TestExpiry gives a cluster a time to live. It is shown, the containers are those
// of the plan, and gc removes the cluster when the time is over, stopped or not,
// and not before.
func TestExpiry(t *testing.T) {
	long(t)
	const cluster = "e2e-ttl"
	s := newSession(t, cluster)
	cache := s.own()
	before := s.everything(cache)
	flags := []string{"--cni", "calico", "--profile", "single", "--ttl", "3m", "-n", cluster}
	var plan struct {
		Nodes []struct{ Name, Image string }
	}
	if err := json.Unmarshal([]byte(s.must(append([]string{"up", "--dry-run", "-o", "json"}, flags...)...).stdout), &plan); err != nil {
		t.Fatal(err)
	}
	if after := s.everything(cache); after != before {
		t.Fatalf("a plan has changed\n%s\nto\n%s", before, after)
	}
	s.must(append([]string{"up"}, flags...)...)
	made := s.output("docker", "ps", "-a", "--format", "{{.Names}} {{.Image}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
	if len(plan.Nodes) != 1 || made != plan.Nodes[0].Name+" "+plan.Nodes[0].Image {
		t.Errorf("made was %q, the plan was %v", made, plan.Nodes)
	}
	var listed []struct {
		Name, Owner string
		Expires     time.Time
		SecondsLeft *int
	}
	if err := json.Unmarshal([]byte(s.must("get", "clusters", "-o", "json").stdout), &listed); err != nil {
		t.Fatal(err)
	}
	expires := time.Time{}
	for _, one := range listed {
		if one.Name == cluster && one.SecondsLeft != nil && *one.SecondsLeft <= 180 && strings.Contains(one.Owner, "@") {
			expires = one.Expires
		}
	}
	if expires.IsZero() {
		t.Fatalf("the list is %+v", listed)
	}
	if status := s.must("status", "-n", cluster).stdout; time.Now().Before(expires) && !strings.Contains(status, "time left: ") {
		t.Errorf("the status does not tell the time left:\n%s", status)
	}
	if r := s.must("gc"); time.Now().Before(expires) && r.stdout != "There is nothing to remove.\n" {
		t.Errorf("gc before the time says %q", r.stdout)
	}
	s.output("docker", "stop", "-t", "1", cluster+"-control-plane") // a stopped cluster can say it too
	time.Sleep(time.Until(expires) + time.Second)                   // the time is what is waited for
	if down := s.must("down", "--dry-run", "-n", cluster).stdout; !strings.Contains(down, "remove container "+cluster+"-control-plane") || !strings.Contains(down, "remove context kind-"+cluster) {
		t.Errorf("down would say\n%s", down)
	}
	if r := s.must("gc"); !strings.Contains(r.stdout, "Removed cluster "+cluster+", because it expired") {
		t.Errorf("gc says\n%s", r.stdout)
	}
	if after := s.everything(cache); after != before {
		t.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
	s.kubeconfigUntouched()
}
