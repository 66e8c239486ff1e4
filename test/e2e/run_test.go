//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/test/harness"
)

// small are the flags of a cluster that is made quickly.
var small = []string{"--cni", "calico", "--profile", "single"}

// run is "kindctl run" with a shell script, whose arguments are kindctl and
// those that are given.
func (s *session) run(flags []string, script string) *exec.Cmd {
	words := append(append([]string{"run"}, small...), flags...)
	cmd := s.Command(context.Background(), append(words, "--", "sh", "-c", script, "sh", harness.Binary)...)
	cmd.Env = append(cmd.Env, "CI=true")
	return cmd
}

// finished is Finish, and logs what the command said.
func (s *session) finished(cmd *exec.Cmd) harness.Result {
	s.Helper()
	r := s.Finish(cmd)
	s.Log(r.Stderr)
	return r
}

// TestRun gives a command a cluster of its own: the command finds it, what it
// reads and writes is passed through, and nothing is left. It is a single node
// in a mode of kube-proxy of its own, and verifies all that applies to one.
func TestRun(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.Dir = t.TempDir()
	before := s.belongings()
	mode, rule := s.rareMode()
	cmd := s.run([]string{"--proxy-mode", mode, "--report", "junit=up.xml,json=up.json", "--report", "events=up.jsonl"},
		`stat -c %a "$KUBECONFIG"; echo "$KUBECONFIG"; echo "$KINDCTL_NAME"; cat; set -e
kindctl=$1
verify() { "$kindctl" verify --kubeconfig "$KUBECONFIG" --context "kind-$KINDCTL_NAME" "$@"; }
verify --only kubelet.work,net.pods,proxy.rules --show-evidence > evidence.txt
verify -o json`)
	cmd.Stdin = strings.NewReader("through standard input\n")
	r := s.finished(cmd)
	if r.Code != 0 {
		t.Fatalf("exit code %d", r.Code)
	}
	lines := strings.SplitN(r.Stdout, "\n", 5)
	if len(lines) < 5 || lines[0] != "600" || !regexp.MustCompile(`^run-[a-z2-7]{8}$`).MatchString(lines[2]) || lines[3] != "through standard input" {
		t.Fatalf("the command wrote\n%s", r.Stdout)
	}
	var report struct {
		Passed  bool
		Results []verify.Result
	}
	if err := json.Unmarshal([]byte(lines[4]), &report); err != nil || !report.Passed || len(report.Results) == 0 {
		t.Errorf("the command's own verification: %v\n%s", err, lines[4])
	}
	s.skipsOnly(report.Results, skippedOnOneNode)
	if shown, err := os.ReadFile(filepath.Join(s.Dir, "evidence.txt")); err != nil || !rule.Match(shown) {
		t.Errorf("the evidence lacks %s (%v):\n%s", rule, err, shown)
	}
	if _, err := os.Stat(lines[1]); !os.IsNotExist(err) || lines[1] == s.Kubeconfig {
		t.Errorf("the private kubeconfig %s is still there: %v", lines[1], err)
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
	for file, want := range map[string]string{"up.xml": `<testcase name="net.pods@`, "up.json": `"passed": true`, "up.jsonl": `"kind":"done","scope":"phase","id":"verify"`} {
		if data, err := os.ReadFile(filepath.Join(s.Dir, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %s (%v):\n%s", file, want, err, data)
		}
	}
	s.noDiagnostics()
}

func (s *session) noDiagnostics() {
	s.Helper()
	if found, err := filepath.Glob(filepath.Join(s.Dir, "kindctl-diagnostics*")); err != nil || len(found) > 0 {
		s.Errorf("diagnostics of a success: %v (%v)", found, err)
	}
}

// TestRunReuse lets two runs begin at once with a cluster that is kept: one
// makes it, the other one waits. One command fails, of which there are diagnostics.
func TestRunReuse(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-run"
	s := newSession(t, cluster)
	s.Dir = t.TempDir()
	beside := make(chan harness.Result)
	go func() { beside <- s.finished(s.run([]string{"--reuse", cluster}, "exit 0")) }()
	r := s.finished(s.run([]string{"--reuse", cluster, "--artifacts", "kept"}, "exit 7"))
	if r.Code != 7 || r.Stdout != "" || !strings.Contains(r.Stderr, "look into kept") {
		t.Errorf("a command that fails: exit %d, output %q", r.Code, r.Stdout)
	}
	other := <-beside
	if other.Code != 0 {
		t.Errorf("the command beside it: exit %d", other.Code)
	}
	for _, once := range []string{"waiting for another kindctl", "nothing was changed"} {
		if n := strings.Count(r.Stderr+other.Stderr, once); n != 1 {
			t.Errorf("%q is said %d times", once, n)
		}
	}
	s.holds("kept", map[string]string{
		"report.json": `"code": 7`, "failure.txt": "exit code 7", "nodes.txt": cluster + "-control-plane",
		"pods.txt": "kube-apiserver-" + cluster, "events.txt": "Scheduled",
		"logs/kube-system/etcd-" + cluster + "-control-plane/etcd.log": "ready to serve client requests",
		"nodes/" + cluster + "-control-plane/kubelet.log":              "kubelet",
	})
	s.noDiagnostics()
	if r := s.finished(s.run([]string{"-n", cluster}, "exit 0")); r.Code != 2 || !strings.Contains(r.Stderr, "--reuse "+cluster) {
		t.Errorf("a cluster of that name is there: exit %d", r.Code)
	}
	if !strings.Contains(s.Must("get", "clusters").Stdout, cluster) {
		t.Error("the cluster that was to be kept is gone")
	}
	s.kubeconfigUntouched()
}

// unborn is a cluster whose API server ends as soon as it begins. kubeadm waits for
// it for seconds, not for minutes.
const unborn = `apiVersion: kindctl.dev/v1alpha1
kind: Cluster
cni: cilium
workers: 1
kindConfig:
  kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        audit-policy-file: /no/such/policy.yaml
  - |
    kind: InitConfiguration
    timeouts:
      kubernetesAPICall: 15s
`

// TestRunWithoutAPI makes a cluster that never has an API server: the command does
// not begin, nothing is left, and the nodes have told why.
func TestRunWithoutAPI(t *testing.T) {
	long(t)
	const cluster, kept = "e2e-unborn", "kindctl-diagnostics-e2e-unborn/"
	s := newSession(t, cluster)
	s.Dir = t.TempDir()
	before := s.belongings()
	r := s.Kindctl("run", "--config", files{t, t.TempDir()}.write("unborn.yaml", unborn), "-n", cluster, "--", "touch", "begun")
	if r.Code != 4 || !strings.Contains(r.Stderr, "look into "+strings.TrimSuffix(kept, "/")) {
		t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
	}
	if strings.Contains(r.Stderr, "kept: nodes/") {
		t.Errorf("something of the nodes is missing:\n%s", r.Stderr)
	}
	if r.Took > 3*time.Minute {
		t.Errorf("it took %v", r.Took)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "begun")); err == nil {
		t.Error("the command was run")
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
	const first, second = "nodes/" + cluster + "-control-plane/", "nodes/" + cluster + "-worker/"
	s.holds(kept, map[string]string{
		"failure.txt": "the nodes could not be made", "report.json": `"code": 4`,
		first + "containers.txt": "", first + "kubelet.log": "kube-apiserver", first + "containerd.log": "containerd", second + "kubelet.log": "kubelet", second + "containerd.log": "containerd",
	})
	logs, err := filepath.Glob(filepath.Join(s.Dir, kept) + "/" + first + "pods/kube-system_kube-apiserver-*/kube-apiserver/*.log")
	if err != nil || len(logs) == 0 {
		t.Fatalf("the API server's log is missing (%v)", err)
	}
	if data, err := os.ReadFile(logs[len(logs)-1]); err != nil || !strings.Contains(string(data), "/no/such/policy.yaml") {
		t.Errorf("the API server's log does not say why it ends (%v):\n%s", err, data)
	}
}

// TestRunSignals ends kindctl while the command runs, twice: the command hears
// it and ends in its own time, and the cluster goes.
func TestRunSignals(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-run-stop"
	s := newSession(t, cluster)
	s.Dir = t.TempDir()
	before := s.belongings()
	cmd := s.run([]string{"-n", cluster}, `trap 'kill $!; echo heard; exit 42' TERM; sleep 600 >/dev/null 2>&1 & echo ready; wait`)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	signal := func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	lines := bufio.NewScanner(output)
	removing := make(chan string)
	go func() { // the second signal comes while the cluster is being removed
		var seen strings.Builder
		for lines := bufio.NewScanner(progress); lines.Scan(); {
			seen.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "Remove cluster") && !strings.Contains(lines.Text(), "✓") {
				signal()
			}
		}
		removing <- seen.String()
	}()
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		if lines.Text() == "ready" {
			signal()
		}
	}
	seen := <-removing
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 42 || said != "ready\nheard\n" {
		t.Errorf("exit code %d, output %q\n%s", code, said, seen)
	}
	if after := s.belongings(); after != before {
		t.Errorf("Docker had\n%s\nand now has\n%s\n%s", before, after, seen)
	}
	s.noDiagnostics()
	s.kubeconfigUntouched()
}
