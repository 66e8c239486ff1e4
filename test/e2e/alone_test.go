//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// released builds what a release is: kindctl with charts.
func released(t testing.TB) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "kindctl")
	build := exec.Command("make", "-C", filepath.Join("..", ".."), "--no-print-directory", "release-binary", "OUT="+binary)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the release: %v\n%s", err, out)
	}
	return binary
}

// alone wants a command to succeed where there is Docker and nothing else: PATH has
// docker alone, the home is empty, and what connects to other machines meets a
// proxy that is not there.
func (s *session) alone(binary string, args ...string) {
	s.Helper()
	docker, err := exec.LookPath("docker")
	if err != nil {
		s.Fatal(err)
	}
	path := s.TempDir()
	if err := os.Symlink(docker, filepath.Join(path, "docker")); err != nil {
		s.Fatal(err)
	}
	nowhere := "http://127.0.0.1:9"
	command := exec.Command(binary, args...)
	command.Env = []string{"PATH=" + path, "HOME=" + s.TempDir(), "KUBECONFIG=" + s.Kubeconfig, "HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere}
	for _, name := range []string{"DOCKER_HOST", "XDG_CACHE_HOME", "TMPDIR"} {
		if value := os.Getenv(name); value != "" {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	command.Env = append(command.Env, s.Env...)
	if out, err := command.CombinedOutput(); err != nil {
		s.Fatalf("kindctl %v: %v\n%s", args, err, out)
	}
}
