//go:build e2e

package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/kindctltest"
)

// pooled defines a pool that goes with the test, and returns the names of its clusters.
func (s *session) pooled(flags ...string) []string {
	s.Helper()
	s.pool = true
	s.Cleanup(func() { s.Kindctl("pool", "drain") })
	s.Must(append([]string{"pool", "set"}, flags...)...)
	return strings.Fields(s.Must("pool", "ls", "-o", "name").Stdout)
}

// nodesOf are the containers of a cluster, each with its state.
func (s *session) nodesOf(cluster string) string {
	s.Helper()
	return s.Output("docker", "ps", "-a", "--format", "{{.Names}} {{.State}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
}

// thawed wants a cluster that was taken at a time to be as it was before: nodes that have been
// ready all the time, and no restart but those of what was ended on purpose.
func (s *session) thawed(cluster string, nodes int, taken time.Time) {
	s.Helper()
	const ready = `{range .items[*].status.conditions[?(@.type=="Ready")]}{.status} {.lastTransitionTime}{"\n"}{end}`
	lines := strings.Split(s.Kubectl(cluster, "get", "nodes", "-o", "jsonpath="+ready), "\n")
	for _, line := range lines {
		status, since, _ := strings.Cut(line, " ")
		if at, err := time.Parse(time.RFC3339, since); err != nil || status != "True" || at.After(taken) {
			s.Errorf("a node is Ready=%s, and has been so since it was resumed", line)
		}
	}
	if len(lines) != nodes {
		s.Errorf("%d nodes, want %d", len(lines), nodes)
	}
	const restarts = `{range .items[*]}{.metadata.name}{" "}{.status.containerStatuses[*].restartCount}{"\n"}{end}`
	for line := range strings.Lines(s.Kubectl(cluster, "get", "pods", "-A", "-o", "jsonpath="+restarts)) {
		pod, counts, _ := strings.Cut(strings.TrimSpace(line), " ")
		allowed := strings.HasPrefix(pod, "kube-controller-manager-") || strings.HasPrefix(pod, "kube-scheduler-")
		if counts != "0" && (!allowed || counts != "1") {
			s.Errorf("pod %s has restarted: %s", pod, counts)
		}
	}
}

// TestPool takes a cluster from the pool, and looks at it through other eyes.
func TestPool(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.Env = []string{"XDG_DATA_HOME=" + t.TempDir()}
	names := s.pooled("--size", "1", "--cni", "calico", "--workers", "1", "--ttl", "1h")
	if len(names) != 1 {
		t.Fatalf("the pool has %v, want one cluster", names)
	}
	name := names[0]
	s.kubeconfigUntouched()
	if state := s.nodesOf(name); strings.Count(state, " paused") != 2 {
		t.Errorf("the nodes are\n%s", state)
	}
	if r := s.Kindctl("verify", "-n", name); r.Code != 2 || !strings.Contains(r.Stderr, "frozen in the pool") {
		t.Errorf("verify of a frozen cluster: exit %d\n%s", r.Code, r.Stderr)
	}
	if r := s.Kindctl("up", "--pool", "--cni", "cilium"); r.Code != 2 || s.nodesOf(name) == "" {
		t.Errorf("another CNI than that of the pool: exit %d\n%s", r.Code, r.Stderr)
	}

	taken := time.Now()
	r := s.Must("up", "--pool", "--no-fill", "--ttl", "2h")
	if !strings.Contains(r.Stdout, "Cluster "+name+" is up and verified") {
		t.Errorf("up says\n%s", r.Stdout)
	}
	s.thawed(name, 2, taken)
	listed := s.Must("get", "clusters").Stdout
	if _, line, _ := strings.Cut(listed, name); !strings.HasPrefix(strings.TrimSpace(line), "2/2 ") || !strings.Contains(line, " 119m") {
		t.Errorf("two hours begin when the cluster is taken; now there are\n%s", listed)
	}
	s.Green(name)
	s.Must("down", "-n", name)
	s.kubeconfigUntouched()
	if left := s.Must("pool", "ls", "-o", "name").Stdout; left != "" {
		t.Errorf("the pool still has %s", left)
	}
}

// TestPoolMishaps has nodes removed and commands killed, two commands take at the same time, and
// takes more than the pool has.
func TestPoolMishaps(t *testing.T) {
	long(t)
	s := newSession(t)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	cache := s.own()
	before := s.everything(cache)
	names := s.pooled("--size", "2", "--profile", "single")
	if len(names) != 2 {
		t.Fatalf("the pool has %v, want two clusters", names)
	}

	s.killed("[thaw]", nil, "up", "--pool", "--no-fill")
	s.gc()
	if left := s.Must("pool", "ls", "-o", "name").Stdout; left != names[1]+"\n" || s.nodesOf(names[0]) != "" {
		t.Errorf("after a kill in the middle the pool has %q, and there is\n%s", left, s.nodesOf(names[0]))
	}
	s.killed("[init]", nil, "pool", "fill")
	s.Must("pool", "fill")
	s.gc()
	names = strings.Fields(s.Must("pool", "ls", "-o", "name").Stdout)
	if len(names) != 2 {
		t.Fatalf("after a kill and another fill the pool has %v", names)
	}

	s.Output("docker", "unpause", names[0]+"-control-plane")
	r := s.Must("run", "--pool", "--no-fill", "--", "sh", "-c", "echo $KINDCTL_NAME")
	if !strings.HasPrefix(r.Stdout, names[1]+"\n") || !strings.Contains(r.Stderr, names[0]+" cannot be taken: "+names[0]+"-control-plane is running") {
		t.Errorf("beside a cluster that is not frozen, run says\n%s%s", r.Stdout, r.Stderr)
	}
	if left := s.nodesOf(names[0]) + s.nodesOf(names[1]); left != "" {
		t.Errorf("these are left:\n%s", left)
	}

	s.Must("pool", "fill")
	names = strings.Fields(s.Must("pool", "ls", "-o", "name").Stdout)
	var takers []*exec.Cmd
	for range names {
		taker := s.Command(t.Context(), "up", "--pool", "--no-fill")
		if err := taker.Start(); err != nil {
			t.Fatal(err)
		}
		takers = append(takers, taker)
	}
	for _, taker := range takers {
		if err := taker.Wait(); err != nil {
			t.Errorf("one of two that take at the same time: %v", err)
		}
	}
	for _, name := range names {
		s.Green(name)
		s.Must("down", "-n", name)
	}

	s.Must("pool", "fill")
	t.Run("library", func(t *testing.T) { nodesAre(t, kindctltest.FromPool(t), 1) })
	if left := s.Must("pool", "ls").Stdout; !strings.HasPrefix(left, "1 of 2 clusters ready") {
		t.Errorf("after a test has taken one, there are\n%s", left)
	}
	s.Must("down", "-n", strings.TrimSpace(s.Must("pool", "ls", "-o", "name").Stdout))

	r = s.Must("run", "--pool", "--", "true")
	if !strings.Contains(r.Stderr, "the pool has no cluster that can be taken") {
		t.Errorf("with an empty pool, run says\n%s", r.Stderr)
	}
	s.Eventually(10*time.Minute, func() (string, error) { // it is filled in the background
		listed := s.Must("pool", "ls").Stdout
		if !strings.HasPrefix(listed, "2 of 2 clusters ready") {
			return listed, errors.New("the pool is not full")
		}
		return "", nil
	})
	s.Must("pool", "drain")
	if after := s.everything(cache); after != before {
		t.Errorf("there was\n%s\nand now there is\n%s", before, after)
	}
}
