//go:build e2e

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestThreeAtOnce has three processes make clusters at the same time, two on one
// network that is not there yet and one on another: all succeed, no one reaches
// across networks, and nothing is left.
func TestThreeAtOnce(t *testing.T) {
	long(t)
	const near, far = "e2e-net-near", "e2e-net-far"
	networks := map[string]string{"e2e-three-a": near, "e2e-three-b": near, "e2e-three-c": far}
	s := newSession(t, "e2e-three-a", "e2e-three-b", "e2e-three-c")
	before := s.belongings() + s.Output("docker", "network", "ls", "-q")
	s.each(networks, func(cluster, network string) []string {
		return []string{"up", "--cni", "calico", "--profile", "single", "--network", network, "--wait-timeout", "10m", "-n", cluster}
	})
	ports := map[string]string{}
	for cluster, network := range networks {
		port := s.Output("docker", "port", cluster+"-control-plane", "6443/tcp")
		if other := ports[port]; other != "" {
			t.Errorf("%s and %s have the same port %s", cluster, other, port)
		}
		ports[port] = cluster
		if got := s.networkOf(cluster); got != network {
			t.Errorf("%s is on network %s, not %s", cluster, got, network)
		}
		if config, err := os.ReadFile(s.Kubeconfig); err != nil || !strings.Contains(string(config), "name: kind-"+cluster+"\n") {
			t.Errorf("the kubeconfig has no context for %s (%v)", cluster, err)
		}
	}
	if n := strings.Fields(s.Output("docker", "network", "ls", "-q", "--filter", "name=e2e-net-")); len(n) != 2 {
		t.Errorf("there are %d networks, want 2", len(n))
	}
	knock := func(from, to string) error {
		address := s.addresses(to)[to+"-control-plane"]
		_, err := s.Try("docker", "exec", from+"-control-plane", "curl", "-sk", "--max-time", "5", "https://"+address+":6443/readyz")
		return err
	}
	if err := knock("e2e-three-a", "e2e-three-b"); err != nil {
		t.Errorf("on one network: %v", err)
	}
	if err := knock("e2e-three-a", "e2e-three-c"); err == nil {
		t.Error("a node reaches another network")
	}
	s.each(networks, func(cluster, _ string) []string { return []string{"down", "-n", cluster} })
	if after := s.belongings() + s.Output("docker", "network", "ls", "-q"); after != before {
		t.Errorf("Docker had\n%s\nand now has\n%s", before, after)
	}
	s.kubeconfigUntouched()
}

// each runs a command for every cluster, all at once.
func (s *session) each(networks map[string]string, command func(cluster, network string) []string) {
	s.Helper()
	var group sync.WaitGroup
	for cluster, network := range networks {
		group.Go(func() {
			if r := s.Kindctl(command(cluster, network)...); r.Code != 0 {
				s.Errorf("%s: exit %d\n%s\n%s", cluster, r.Code, r.Stdout, r.Stderr)
			}
		})
	}
	group.Wait()
	if s.Failed() {
		s.FailNow()
	}
}

// TestUnfitNetwork refuses networks that nodes cannot be put on.
func TestUnfitNetwork(t *testing.T) {
	s := newSession(t)
	for network, want := range map[string]string{"host": "driver is host", "bridge": "by name"} {
		if r := s.Kindctl("up", "--network", network, "-n", "e2e-unfit"); r.Code != 2 || !strings.Contains(r.Stderr, want) {
			t.Errorf("network %s: exit %d\n%s", network, r.Code, r.Stderr)
		}
	}
}

// TestPortIsTaken has someone listen, at the last moment, on the port that was
// found free for the API server. The nodes are made again, with another one.
func TestPortIsTaken(t *testing.T) {
	long(t)
	const cluster = "e2e-port"
	s := newSession(t, cluster)
	before := s.belongings()
	dir := t.TempDir()
	docker, err := filepath.EvalSymlinks(s.Output("sh", "-c", "command -v docker"))
	if err != nil {
		t.Fatal(err)
	}
	// The first docker run gives its port and waits until someone has it.
	script := `#!/bin/sh
if [ "$1" = run ] && [ ! -e ` + dir + `/told ]; then
	for word; do case $word in --publish=*:6443/TCP) echo "$word" >` + dir + `/telling && mv ` + dir + `/telling ` + dir + `/told ;; esac; done
	until [ -e ` + dir + `/taken ]; do sleep 0.05; done
fi
exec ` + docker + ` "$@"
`
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	listening := make(chan string)
	go func() {
		var address string
		for address == "" {
			told, err := os.ReadFile(filepath.Join(dir, "told"))
			if err != nil {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			address = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(told)), "--publish="), ":6443/TCP")
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
		} else {
			t.Cleanup(func() { listener.Close() })
		}
		if err := os.WriteFile(filepath.Join(dir, "taken"), nil, 0o600); err != nil {
			t.Error(err)
		}
		listening <- address
	}()
	r := s.Must("up", "--cni", "calico", "--profile", "single", "-n", cluster)
	taken := <-listening
	if !strings.Contains(r.Stderr, "was taken meanwhile") {
		t.Errorf("nothing names the port that was taken:\n%s", r.Stderr)
	}
	if got := s.Output(docker, "port", cluster+"-control-plane", "6443/tcp"); got == taken {
		t.Errorf("the API server is published on the port of someone else, %s", got)
	}
	s.Must("down", "-n", cluster)
	s.belongsAsBefore(before)
}
