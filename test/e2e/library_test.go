//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindctl/kindctl/pkg/kindctltest"
	"github.com/kindctl/kindctl/pkg/verify"
)

// sharedCluster is the cluster that tests of two processes share.
const sharedCluster = "e2e-shared"

// childVariable makes this binary a test of someone's who uses the library.
const childVariable = "KINDCTL_E2E_CHILD"

// child runs a test of this binary in another process, and is not alone there.
func (s *session) child(test string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^"+test+"$", "-test.v", "-test.timeout", "15m")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig, childVariable+"=1", "KINDCTL_TEST_REQUIRE=1")
	return cmd
}

func onlyAsChild(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("another test runs this one in a process of its own")
	}
}

// TestLibraryOwn gives a test a cluster of its own, which goes with the test.
func TestLibraryOwn(t *testing.T) {
	long(t)
	s := newSession(t)
	t.Setenv("KUBECONFIG", s.Kubeconfig)
	t.Setenv("KINDCTL_TEST_REQUIRE", "1")
	before := s.belongings()
	name, kubeconfig := "", ""
	t.Run("test", func(t *testing.T) {
		cluster := kindctltest.New(t, kindctltest.CNI("calico"))
		name, kubeconfig = cluster.Name, cluster.Kubeconfig
		if !strings.HasPrefix(name, "testlibraryown-test-") || !strings.Contains(s.Must("get", "clusters").Stdout, name) {
			t.Errorf("the cluster %s is not there", name)
		}
		if info, err := os.Stat(kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the kubeconfig is %v (%v), want mode 0600", info, err)
		}
		nodesAre(t, cluster, 1)
		verdict := cluster.Verify(t)
		if !verdict.Passed() || verdict.Count(verify.Pass) < 20 {
			t.Errorf("the verdict is %+v", verdict)
		}
		s.Green(name)
	})
	s.belongsAsBefore(before)
	if _, err := os.Stat(kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig is left: %v", err)
	}
	s.kubeconfigUntouched()
}

// nodesAre asks the cluster through client-go and wants a number of nodes.
func nodesAre(t *testing.T, cluster *kindctltest.Cluster, want int) {
	t.Helper()
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) != want {
		t.Errorf("%v (%v), want %d nodes", nodes, err, want)
	}
}

// tests is what a package's TestMain is handed.
type tests func() int

func (run tests) Run() int { return run() }

// TestLibraryShared makes a cluster that a second process uses at the same time.
// The second one ends first, and leaves it; the last one removes it.
func TestLibraryShared(t *testing.T) {
	long(t)
	s := newSession(t, sharedCluster)
	t.Setenv("KUBECONFIG", s.Kubeconfig)
	t.Setenv("KINDCTL_TEST_REQUIRE", "1")
	before := s.belongings()
	code := kindctltest.Main(tests(func() int {
		second := s.child("TestLibrarySecond")
		var output bytes.Buffer
		second.Stdout, second.Stderr = &output, &output
		t.Run("first", func(t *testing.T) {
			first := kindctltest.Shared(t, sharedCluster, kindctltest.CNI("calico"))
			if err := second.Start(); err != nil {
				t.Fatal(err)
			}
			nodesAre(t, first, 1)
			err := second.Wait()
			if err != nil || !strings.Contains(output.String(), "nothing was changed") {
				t.Errorf("the second process: %v\n%s", err, output.String())
			}
		})
		t.Run("again", func(t *testing.T) {
			nodesAre(t, kindctltest.Shared(t, sharedCluster, kindctltest.CNI("calico")), 1)
		})
		return 0
	}))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// freshCluster is the cluster that tests take turns with.
const freshCluster = "e2e-fresh"

// TestLibraryFresh gives each test the cluster as it was when it was created, also tests that run
// side by side, and those of a second process.
func TestLibraryFresh(t *testing.T) {
	long(t)
	s := newSession(t, freshCluster)
	t.Setenv("KUBECONFIG", s.Kubeconfig)
	t.Setenv("KINDCTL_TEST_REQUIRE", "1")
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	before := s.belongings()
	code := kindctltest.Main(tests(func() int {
		t.Run("tests", func(t *testing.T) {
			for _, name := range []string{"first", "second"} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					leavesTraces(t, kindctltest.Fresh(t, freshCluster, kindctltest.CNI("calico")))
				})
			}
		})
		t.Run("own", func(t *testing.T) {
			cluster := kindctltest.Fresh(t, freshCluster, kindctltest.CNI("calico"))
			s.Kubectl(freshCluster, "create", "namespace", "kept")
			cluster.Save(t, "with-namespace")
			s.Kubectl(freshCluster, "delete", "namespace", "kept")
			cluster.Reset(t, "with-namespace")
			s.Kubectl(freshCluster, "get", "namespace", "kept")
		})
		second := s.child("TestLibraryFreshSecond")
		if output, err := second.CombinedOutput(); err != nil {
			t.Errorf("the second process: %v\n%s", err, output)
		}
		return 0
	}))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	if left := s.Must("snapshot", "ls", "-o", "name").Stdout; left != "" {
		t.Errorf("left are the snapshots %s", left)
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}

// TestLibraryFreshSecond is the test of the second process.
func TestLibraryFreshSecond(t *testing.T) {
	onlyAsChild(t)
	if code := kindctltest.Main(tests(func() int {
		leavesTraces(t, kindctltest.Fresh(t, freshCluster, kindctltest.CNI("calico")))
		return 0
	})); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// leavesTraces is a test that wants a cluster which no test has used, and leaves a namespace.
func leavesTraces(t *testing.T, cluster *kindctltest.Cluster) {
	t.Helper()
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	traces := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "traces"}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), traces, metav1.CreateOptions{}); err != nil {
		t.Errorf("another test has left something: %v", err)
	}
}

// TestLibrarySecond is the test of the second process.
func TestLibrarySecond(t *testing.T) {
	onlyAsChild(t)
	if code := kindctltest.Main(tests(func() int {
		nodesAre(t, kindctltest.Shared(t, sharedCluster, kindctltest.CNI("calico")), 1)
		return 0
	})); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestLibraryInterrupt ends a process while it makes a cluster for a test: no
// cleanup of the test runs, and yet nothing is left.
func TestLibraryInterrupt(t *testing.T) {
	long(t)
	s := newSession(t)
	before := s.belongings()
	cmd := s.child("TestLibraryInterrupted")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(output); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "[create]") && strings.Contains(lines.Text(), "•") {
			s.Eventually(time.Hour, func() (string, error) {
				_, err := s.Try("sh", "-c", `docker ps -q --filter label=io.x-k8s.kind.cluster --filter name=testlibraryinterrupted | grep -q .`)
				return "there is no node", err
			})
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait()
	// Its test fails, unless the signal, sent again once all is removed, ends it first.
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.ExitStatus() != 1 && status.Signal() != syscall.SIGINT {
		t.Errorf("the process ended with %v", cmd.ProcessState)
	}
	if after := s.belongings(); after != before {
		t.Errorf("Docker had\n%s\nand now has\n%s\n%s", before, after, said.String())
	}
	s.kubeconfigUntouched()
}

// TestLibraryInterrupted is the test whose process is ended.
func TestLibraryInterrupted(t *testing.T) {
	onlyAsChild(t)
	kindctltest.New(t, kindctltest.CNI("calico"))
	t.Error("the cluster was made, although the process was to be ended before")
}
