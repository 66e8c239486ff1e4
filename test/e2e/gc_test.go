//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
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
	return s.belongings() + sorted(s.Output("docker", "network", "ls", "-q", "--no-trunc")) + strings.Join(append(left, temporary...), "\n")
}

// own gives the test a cache of its own, with what was built, and directories for
// temporary files, so that gc finds no one else's.
func (s *session) own() (cache string) {
	s.Helper()
	cache = s.ownCache()
	s.Setenv("XDG_CACHE_HOME", cache)
	s.Setenv("TMPDIR", s.TempDir())
	return cache
}

// ownCache is a new cache with what was built.
func (s *session) ownCache() (cache string) {
	s.Helper()
	users, err := os.UserCacheDir()
	if err != nil {
		s.Fatal(err)
	}
	cache = s.TempDir()
	if err := os.Mkdir(filepath.Join(cache, "kindctl"), 0o700); err != nil {
		s.Fatal(err)
	}
	for _, shared := range []string{"forge", "images", "modules"} {
		if err := os.Symlink(filepath.Join(users, "kindctl", shared), filepath.Join(cache, "kindctl", shared)); err != nil {
			s.Fatal(err)
		}
	}
	return cache
}

// killed runs kindctl until it announces something, does what has to be done then,
// if anything, kills it, and returns what it has said. then gets the pipe into
// which it speaks.
func (s *session) killed(announced string, then func(pipe *os.File), args ...string) (said string) {
	s.Helper()
	progress, pipe, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	defer progress.Close()
	cmd := s.Command(context.Background(), args...)
	cmd.Env = append(cmd.Env, "CI=true")
	cmd.Stderr = pipe
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
		pipe.Close()
	}()
	defer func() { <-ended }()
	defer func() { _ = cmd.Process.Kill() }()
	var seen strings.Builder
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if !strings.Contains(lines.Text(), announced) {
			continue
		}
		if then != nil {
			then(pipe)
		}
		if err := cmd.Process.Kill(); err != nil {
			s.Fatalf("it ended by itself: %v\n%s", err, seen.String())
		}
		if <-ended; cmd.ProcessState.ExitCode() != -1 {
			s.Fatalf("it ended by itself: %v\n%s", cmd.ProcessState, seen.String())
		}
		return seen.String()
	}
	s.Fatalf("%q was never announced:\n%s", announced, seen.String())
	return ""
}

// choke fills a pipe, so that who writes into it next has to wait. It opens the
// pipe once more: that one does not wait itself.
func (s *session) choke(pipe *os.File) {
	s.Helper()
	again, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", pipe.Fd()), unix.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		s.Fatal(err)
	}
	defer unix.Close(again)
	for _, size := range []int{4096, 1} {
		for err = nil; err == nil; {
			_, err = unix.Write(again, make([]byte, size))
		}
	}
	if !errors.Is(err, unix.EAGAIN) {
		s.Fatal(err)
	}
}

// swept is what gc removes, or would.
type swept struct {
	DryRun   bool
	Clusters []struct {
		Cluster, Reason                            string
		Containers, Volumes, Networks, Kubeconfigs []string
	}
	Repairs                  []struct{ Cluster string }
	Drafts, Locks, Temporary []string
}

func (s *session) gc(flags ...string) (said swept) {
	s.Helper()
	r := s.Must(append([]string{"gc", "-o", "json"}, flags...)...)
	if err := json.Unmarshal([]byte(r.Stdout), &said); err != nil {
		s.Fatalf("%v\n%s", err, r.Stdout)
	}
	return said
}

// things are all that is named, without what is said of it.
func (w swept) things() (all []string) {
	for _, c := range w.Clusters {
		all = slices.Concat(all, c.Containers, c.Volumes, c.Networks, c.Kubeconfigs)
	}
	all = slices.Concat(all, w.Drafts, w.Locks, w.Temporary)
	slices.Sort(all)
	return all
}

// sweeps wants gc to say beforehand what it then does, and everything to be as it
// was before kindctl was killed. Where growing, containers may come between the
// two: children of the killed process go on. It returns what was removed.
func (s *session) sweeps(before, cache string, growing bool) swept {
	s.Helper()
	plan, done := s.gc("--dry-run"), s.gc()
	if !plan.DryRun || done.DryRun {
		s.Errorf("the plan is %+v, what was done %+v", plan, done)
	}
	s.Logf("removed: %v", done.things())
	if missing := slices.DeleteFunc(plan.things(), func(thing string) bool { return slices.Contains(done.things(), thing) }); len(
		missing,
	) > 0 ||
		!growing && len(plan.things()) != len(done.things()) {
		s.Errorf("the plan was\n%v\nand removed was\n%v", plan.things(), done.things())
	}
	if after := s.everything(cache); after != before {
		s.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
	if _, err := os.Lstat(s.Kubeconfig + ".lock"); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("the kubeconfig is still locked (%v)", err)
	}
	s.kubeconfigUntouched()
	if again := s.Must("gc").Stdout; again != "There is nothing to remove.\n" {
		s.Errorf("a second gc says %q", again)
	}
	return done
}

// doomed is a cluster with something to do in every phase. Its worker joins while
// the CNI is being installed.
const doomed = `apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: e2e-killed
cni: calico
network: e2e-killed-net
nodes:
- role: control-plane
- role: worker
  labels: {tier: back}
manifests:
- file: settings.yaml
`

// TestKilled kills "up" in every phase of its plan, as the machine of a CI job
// does, and wants gc to leave everything as it was.
func TestKilled(t *testing.T) {
	long(t)
	const cluster = "e2e-killed"
	s, f := newSession(t, cluster), files{t, t.TempDir()}
	f.write("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\n")
	up := []string{"up", "--config", f.write("doomed.yaml", doomed)}
	var outline struct {
		Steps []struct{ Phase, Skipped string }
	}
	if err := json.Unmarshal([]byte(s.Must(append(up, "--dry-run", "-o", "json")...).Stdout), &outline); err != nil {
		t.Fatal(err)
	}
	for _, step := range outline.Steps {
		if step.Skipped != "" && step.Phase != "load" {
			t.Errorf("phase %s has nothing to do: %s", step.Phase, step.Skipped)
		}
	}
	dies := func(name, announced string, growing bool, then func(*session, *os.File)) {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, cluster)
			cache := s.own()
			before := s.everything(cache)
			s.killed(announced, func(pipe *os.File) {
				if then != nil {
					then(s, pipe)
				}
			}, append(up, "--report", "events=/dev/stderr")...)
			s.sweeps(before, cache, growing)
		})
	}
	for _, phase := range bootstrap.NewUp(bootstrap.Config{Sink: event.Discard}).Plan() {
		if phase.Name == "load" { // a node that is built has all images; TestRegistry has one that does not
			continue
		}
		dies(phase.Name, `"kind":"started","scope":"phase","id":"`+phase.Name+`"`, phase.Name == "create", nil)
	}
	for _, step := range []string{"preparing-nodes", "starting-control-plane"} { // in phases create and init
		dies(step, `"kind":"started","scope":"step","id":"`+step+`"`, step == "preparing-nodes", nil)
	}
}

// TestKilledAtKubeconfig kills "up" while it has the user's kubeconfig locked, and
// when the context is in there and no one knows of it yet.
func TestKilledAtKubeconfig(t *testing.T) {
	long(t)
	const cluster = "e2e-killed"
	up := append([]string{"up", "-n", cluster}, small...)
	merged := func(s *session) (string, error) {
		data, err := os.ReadFile(s.Kubeconfig)
		if err == nil && !strings.Contains(string(data), "kind-"+cluster) {
			err = errors.New("there is no context")
		}
		return string(data), err
	}
	locked := func(s *session) (string, error) {
		_, err := os.Lstat(s.Kubeconfig + ".lock")
		return "", err
	}
	t.Run("locked", func(t *testing.T) {
		s := newSession(t, cluster)
		cache := s.own()
		before := s.everything(cache)
		s.killed("[verify]", func(*os.File) {
			if err := os.Remove(s.Kubeconfig); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mkfifo(s.Kubeconfig, 0o600); err != nil { // who reads it waits
				t.Fatal(err)
			}
			s.Eventually(2*time.Minute, func() (string, error) { return locked(s) })
		}, up...)
		if err := os.Remove(s.Kubeconfig); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.Kubeconfig, []byte(foreign), 0o600); err != nil {
			t.Fatal(err)
		}
		if done := s.sweeps(before, cache, false); !slices.Equal(done.Locks, []string{s.Kubeconfig + ".lock"}) {
			t.Errorf("gc removed the locks %v", done.Locks)
		}
	})
	t.Run("merged", func(t *testing.T) {
		s := newSession(t, cluster)
		cache := s.own()
		before := s.everything(cache)
		s.killed("[kubeconfig]", func(pipe *os.File) {
			s.choke(pipe) // it cannot say that it is done
			s.Eventually(time.Minute, func() (string, error) {
				if _, err := locked(s); err == nil {
					return "", errors.New("the kubeconfig is locked")
				}
				return merged(s)
			})
		}, up...)
		if done := s.sweeps(before, cache, false); len(done.Clusters) != 1 ||
			!slices.Equal(done.Clusters[0].Kubeconfigs, []string{s.Kubeconfig}) {
			t.Errorf("gc removed %+v", done.Clusters)
		}
	})
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
	said := s.killed("using it: ", nil, "run", "--cni", "calico", "--profile", "single", "--", "sh", "-c", `echo using "it:" $$ >&2; exec sleep 600`)
	orphan, err := strconv.Atoi(strings.TrimSpace(said[strings.LastIndex(said, ":")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(orphan, syscall.SIGKILL) })
	swept := s.gc()
	if len(swept.Clusters) != 1 || !strings.HasPrefix(swept.Clusters[0].Cluster, "run-") || len(swept.Clusters[0].Containers) != 1 ||
		len(swept.Clusters[0].Volumes) != 1 ||
		len(swept.Temporary) != 1 ||
		swept.DryRun {
		t.Errorf("gc says %+v", swept)
	}
	if after := s.everything(cache); after != before {
		t.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
	s.kubeconfigUntouched()
}

// kindCluster makes a container that looks like a cluster of kind's.
func (s *session) kindCluster(name string) {
	s.Helper()
	image, _, _ := strings.Cut(s.Output("docker", "images", "-q", "kindctl.local/node"), "\n")
	s.Output("docker", "run", "-d", "--name", name+"-control-plane", "--label", "io.x-k8s.kind.cluster="+name, "--label", "io.x-k8s.kind.role=control-plane", "--entrypoint", "sleep", image, "3600")
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
	if err := json.Unmarshal([]byte(s.Must(append([]string{"up", "--dry-run", "-o", "json"}, flags...)...).Stdout), &plan); err != nil {
		t.Fatal(err)
	}
	if after := s.everything(cache); after != before {
		t.Fatalf("a plan has changed\n%s\nto\n%s", before, after)
	}
	s.Must(append([]string{"up"}, flags...)...)
	made := s.Output("docker", "ps", "-a", "--format", "{{.Names}} {{.Image}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
	if len(plan.Nodes) != 1 || made != plan.Nodes[0].Name+" "+plan.Nodes[0].Image {
		t.Errorf("made was %q, the plan was %v", made, plan.Nodes)
	}
	var listed []struct {
		Name, Owner string
		Expires     time.Time
		SecondsLeft *int
	}
	if err := json.Unmarshal([]byte(s.Must("get", "clusters", "-o", "json").Stdout), &listed); err != nil {
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
	if status := s.Must("status", "-n", cluster).Stdout; time.Now().Before(expires) && !strings.Contains(status, "time left: ") {
		t.Errorf("the status does not show the time left:\n%s", status)
	}
	if r := s.Must("gc"); time.Now().Before(expires) && r.Stdout != "There is nothing to remove.\n" {
		t.Errorf("gc before the time says %q", r.Stdout)
	}
	s.Output("docker", "create", "--name", cluster+"-store", "--label", "dev.kindctl.registry="+cluster, "--network", s.networkOf(cluster), "--volume", "/data", s.Output("docker", "inspect", "-f", "{{.Image}}", cluster+"-control-plane"), "true")
	s.Output("docker", "stop", "-t", "1", cluster+"-control-plane") // a stopped cluster can say it too
	time.Sleep(time.Until(expires) + time.Second)                   // the time is what is waited for
	if down := s.Must("down", "--dry-run", "-n", cluster).Stdout; !strings.Contains(down, "remove container "+cluster+"-control-plane") ||
		!strings.Contains(down, "remove container "+cluster+"-store") ||
		!strings.Contains(down, "remove context kind-"+cluster) {
		t.Errorf("down would say\n%s", down)
	}
	if r := s.Must("gc"); !strings.Contains(r.Stdout, "Removed cluster "+cluster+", because it expired") {
		t.Errorf("gc says\n%s", r.Stdout)
	}
	if after := s.everything(cache); after != before {
		t.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
	s.kubeconfigUntouched()
}
