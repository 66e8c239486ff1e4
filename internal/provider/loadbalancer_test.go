package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/hint"
)

// TestBalancerConfig has HAProxy itself read the configuration, where there is one.
func TestBalancerConfig(t *testing.T) {
	haproxy, missing := exec.LookPath("haproxy")
	for family, listen := range map[v1alpha4.ClusterIPFamily]string{
		v1alpha4.IPv4Family: "    bind *:6443\n", v1alpha4.IPv6Family: "    bind :::6443 v4v6\n", v1alpha4.DualStackFamily: "    bind :::6443 v4v6\n",
	} {
		config := balancerConfigFor(family, []string{"lab-control-plane", "lab-control-plane2"})
		if strings.Count(config, listen) != 1 || strings.Count(config, "bind ") != 1 {
			t.Errorf("with %s it does not listen with %q:\n%s", family, listen, config)
		}
		if missing != nil {
			continue
		}
		file := filepath.Join(t.TempDir(), "haproxy.cfg")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), haproxy, "-c", "-f", file).CombinedOutput(); err != nil {
			t.Errorf("with %s: %v\n%s", family, err, out)
		}
	}
}

// backends are the servers of a configuration: name, address and use.
func backends(config string) (found []string) {
	for line := range strings.Lines(config) {
		if server, is := strings.CutPrefix(line, "    server "); is {
			words := strings.Fields(server)
			found = append(found, words[0]+" "+words[1]+" "+words[len(words)-1])
		}
	}
	return found
}

// TestSetBackends wants other control planes in the file, all else to stay, and HAProxy to read
// it once it is written.
func TestSetBackends(t *testing.T) {
	before := balancerConfigFor(v1alpha4.DualStackFamily, []string{"lab-control-plane", "lab-control-plane2"})
	front := labBox("lab-external-load-balancer", "external-load-balancer", "running")
	front.files[balancerFile] = before
	d := &dockerd{containers: []*box{labBox("lab-control-plane2", "control-plane", "running"), front}}
	c := d.engine(t).Cluster("lab")
	if has, err := c.CheckLoadBalancer(t.Context()); !has || err != nil {
		t.Fatalf("it has one: %v, %v", has, err)
	}
	if err := c.SetBackends(t.Context(), []string{"lab-control-plane2", "lab-control-plane3"}); err != nil {
		t.Fatal(err)
	}
	after := front.files[balancerFile]
	want := []string{
		"lab-control-plane2 lab-control-plane2:6443 check", "lab-control-plane2-unchecked lab-control-plane2:6443 backup",
		"lab-control-plane3 lab-control-plane3:6443 check", "lab-control-plane3-unchecked lab-control-plane3:6443 backup",
	}
	if got := backends(after); !slices.Equal(got, want) {
		t.Errorf("the servers are %q, want %q", got, want)
	}
	if known := " init-addr 172.18.0.9,none "; strings.Count(after, known) != 2 || strings.Contains(before, known) {
		t.Errorf("HAProxy first resolves the address of a node that runs:\n%s", after)
	}
	if head, _, _ := strings.Cut(before, "    server "); !strings.HasPrefix(after, head) {
		t.Errorf("the file becomes\n%s", after)
	}
	if want := []string{"write to lab-external-load-balancer", "exec lab-external-load-balancer"}; !slices.Equal(d.changes, want) {
		t.Errorf("Docker was asked to %q, want %q", d.changes, want)
	}
}

// TestCheckLoadBalancer wants a load balancer to be refused that kindctl did not make.
func TestCheckLoadBalancer(t *testing.T) {
	d := &dockerd{containers: []*box{labBox("lab-control-plane", "control-plane", "running")}}
	c := d.engine(t).Cluster("lab")
	if has, err := c.CheckLoadBalancer(t.Context()); has || err != nil {
		t.Errorf("without one: %v, %v", has, err)
	}
	d.containers = append(d.containers, labBox("lab-external-load-balancer", "external-load-balancer", "running"))
	if _, err := c.CheckLoadBalancer(t.Context()); hint.ReasonOf(err) != hint.LoadBalancerForeign.Name {
		t.Errorf("error is %v", err)
	}
}
