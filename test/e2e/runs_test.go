//go:build e2e

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// twoAtOnce lets two verifications of one cluster run side by side.
func (s *session) twoAtOnce(cluster string) {
	s.Helper()
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if r := s.kindctl("verify", "-n", cluster); r.code != 0 {
				s.Errorf("one of two verifications: exit %d\n%s\n%s", r.code, r.stdout, r.stderr)
			}
		})
	}
	group.Wait()
}

// signaled begins a verification, sends it a signal once it has a namespace,
// and returns its exit code and how long it took to end.
func (s *session) signaled(cluster string, signal syscall.Signal) (code int, took time.Duration) {
	s.Helper()
	cmd := exec.Command(kindctl, "verify", "-n", cluster)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.eventually(timeToRemove, func() (string, error) {
		if s.runNamespaces(cluster) == "" {
			return "", errors.New("no verification has a namespace")
		}
		return "", nil
	})
	started := time.Now()
	if err := cmd.Process.Signal(signal); err != nil {
		s.Fatal(err)
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), time.Since(started)
}

func (s *session) runNamespaces(cluster string) string {
	s.Helper()
	return s.kubectl(cluster, "get", "namespaces", "-l", "kindctl.dev/run", "-o", "name")
}

// cleansUp interrupts one verification, which removes its own objects, and
// kills another, whose objects the next one removes.
func (s *session) cleansUp(cluster string) {
	s.Helper()
	s.leavesNothing(cluster)
	if code, took := s.signaled(cluster, syscall.SIGINT); code != 130 || took > 15*time.Second {
		s.Errorf("an interrupted verification ended with %d after %v", code, took)
	}
	s.leavesNothing(cluster)
	s.signaled(cluster, syscall.SIGKILL)
	if s.runNamespaces(cluster) == "" {
		s.Error("a killed verification left no namespace, so that nothing is shown here")
	}
	s.green(cluster)
	s.leavesNothing(cluster)
}

// verifiesAnyCluster takes away the record of the cluster's shape, as in one
// that kindctl did not make, and verifies it by its context alone.
func (s *session) verifiesAnyCluster(cluster string) {
	s.Helper()
	s.kubectl(cluster, "-n", "kube-system", "delete", "configmap", "kindctl")
	r := s.kindctl("verify", "--context", "kind-"+cluster, "-o", "json")
	if r.code != 0 || !strings.Contains(r.stdout, `"discovered": true`) {
		s.Errorf("verify of a cluster without a record: exit %d\n%s\n%s", r.code, r.stdout, r.stderr)
	}
}
