//go:build e2e

package e2e

import (
	"context"
	"errors"
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
			if r := s.Kindctl("verify", "-n", cluster); r.Code != 0 {
				s.Errorf("one of two verifications: exit %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
			}
		})
	}
	group.Wait()
}

// signaled begins a verification, sends it a signal once it has a namespace,
// and returns its exit code and how long it took to end.
func (s *session) signaled(cluster string, signal syscall.Signal) (code int, took time.Duration) {
	s.Helper()
	cmd := s.Command(context.Background(), "verify", "-n", cluster)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Eventually(timeToRemove, func() (string, error) {
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
	return s.Kubectl(cluster, "get", "namespaces", "-l", "kindctl.dev/run", "-o", "name")
}

// cleansUp interrupts one verification, which removes its own objects, and
// kills another, whose objects the next one removes.
func (s *session) cleansUp(cluster string) {
	s.Helper()
	s.leavesNothing(cluster)
	if code, took := s.signaled(cluster, syscall.SIGINT); code != 130 || took > 30*time.Second {
		s.Errorf("an interrupted verification ended with %d after %v", code, took)
	}
	s.leavesNothing(cluster)
	s.signaled(cluster, syscall.SIGKILL)
	if s.runNamespaces(cluster) == "" {
		s.Error("a killed verification left no namespace, so that nothing is shown here")
	}
	s.Green(cluster)
	s.leavesNothing(cluster)
}

// verifiesAnyCluster takes away the record of the cluster's shape, as in one
// that kindctl did not make, and verifies it by its context alone.
func (s *session) verifiesAnyCluster(cluster string) {
	s.Helper()
	s.Kubectl(cluster, "-n", "kube-system", "delete", "configmap", "kindctl")
	r := s.Kindctl("verify", "--context", "kind-"+cluster, "-o", "json")
	if r.Code != 0 || !strings.Contains(r.Stdout, `"discovered": true`) {
		s.Errorf("verify of a cluster without a record: exit %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
	}
}
