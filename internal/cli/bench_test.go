package cli

import (
	"bytes"
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/pkg/bench"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
)

// benchFlags are those of a command line of bench.
func benchFlags(t *testing.T, words ...string) *cli.Context {
	t.Helper()
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	for _, f := range benchCommand().Flags {
		if err := f.Apply(set); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Parse(words); err != nil {
		t.Fatal(err)
	}
	return cli.NewContext(newApp(nil, nil), set, nil)
}

// TestArmsAreCommands: what an arm says is a command that this program knows. On a
// host where Docker does not answer it fails, but for that reason.
func TestArmsAreCommands(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no-docker.sock"))
	arms := benchArms(benchFlags(t, "--production", "--image", "node:1"), host.Facts{CgroupV1: true, MissingCapabilities: []string{"CAP_SYS_RESOURCE"}})
	if len(arms) != 3 {
		t.Fatalf("%d arms", len(arms))
	}
	for _, arm := range arms {
		for _, nodes := range []int{1, 3} {
			words := arm.Words(bench.Order{CNI: "calico", Nodes: nodes, Image: "node:1", Cluster: "bench-x-own", Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")})
			var stdout, stderr bytes.Buffer
			code := hint.Code(Main(context.Background(), append([]string{"kindctl"}, words...), &stdout, &stderr))
			if code == hint.OK || code == hint.Usage || !strings.Contains(strings.ToLower(stderr.String()), "docker") {
				t.Errorf("%s: exit code %d of kindctl %s\n%s", arm.Name, code, strings.Join(words, " "), stderr.String())
			}
		}
	}
}

func TestArmsSayTheirSettings(t *testing.T) {
	said := func(facts host.Facts, arm int, cni string) string {
		return strings.Join(benchArms(benchFlags(t, "--production"), facts)[arm].Settings(cni), "\n")
	}
	poor := host.Facts{CgroupV1: true, MissingCapabilities: []string{"CAP_SYS_RESOURCE"}}
	for _, cni := range addons.Names() {
		if text := said(host.Facts{}, 0, cni); strings.Contains(text, "failCgroupV1") || strings.Contains(text, "SYS_RESOURCE") || !strings.Contains(strings.ToLower(text), cni) {
			t.Errorf("stock with %s:\n%s", cni, text)
		}
		if text := said(poor, 0, cni); !strings.Contains(text, "failCgroupV1") || strings.Contains(text, "SYS_RESOURCE") != (cni == "cilium") {
			t.Errorf("stock with %s on a poor host:\n%s", cni, text)
		}
		if text := said(poor, 1, cni); !strings.Contains(text, "kindctl up --cni "+cni) || !strings.Contains(text, "etcd's writes: left to the kernel") {
			t.Errorf("kindctl with %s:\n%s", cni, text)
		}
		if text := said(poor, 2, cni); !strings.Contains(text, "--fidelity production") || strings.Contains(text, "etcd's writes") {
			t.Errorf("kindctl as in production with %s:\n%s", cni, text)
		}
	}
}
