package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/cli"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// TestMain makes this binary a kindctl that knows its version.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("kindctl v1.2.3 go1.26 linux/amd64")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestArmsAreCommands: what an arm says is a command that kindctl or this program knows. On a
// host where Docker does not answer it fails, but for that reason.
func TestArmsAreCommands(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no-docker.sock"))
	o := options{production: true, lab: lab.Options{Image: "node:1"}}
	arms := o.arms(host.Facts{CgroupV1: true, MissingCapabilities: []string{"CAP_SYS_RESOURCE"}})
	if len(arms) != 3 {
		t.Fatalf("%d arms", len(arms))
	}
	for _, arm := range arms {
		for _, nodes := range []int{1, 3} {
			words := arm.Words(compare.Order{CNI: "calico", Nodes: nodes, Image: "node:1", Cluster: "bench-x-own", Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")})
			var stdout, stderr bytes.Buffer
			var code hint.Code
			if arm.Name == "stock" {
				err := run(t.Context(), words, &stdout, &stderr)
				fmt.Fprintln(&stderr, err)
				code = hint.CodeOf(err)
			} else {
				code = hint.Code(cli.Main(t.Context(), append([]string{"kindctl"}, words...), &stdout, &stderr))
			}
			if code == hint.OK || code == hint.Usage || !strings.Contains(strings.ToLower(stderr.String()), "docker") {
				t.Errorf("%s: exit code %d of %s\n%s", arm.Name, code, strings.Join(words, " "), stderr.String())
			}
		}
	}
}

func TestArmsSayTheirSettings(t *testing.T) {
	said := func(facts host.Facts, arm int, cni string) string {
		return strings.Join((&options{production: true}).arms(facts)[arm].Settings(cni), "\n")
	}
	poor := host.Facts{CgroupV1: true, MissingCapabilities: []string{"CAP_SYS_RESOURCE"}}
	for _, cni := range addons.Names() {
		if text := said(host.Facts{}, 0, cni); strings.Contains(text, "failCgroupV1") || strings.Contains(text, "SYS_RESOURCE") ||
			!strings.Contains(strings.ToLower(text), cni) {
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
