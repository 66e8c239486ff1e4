//go:build e2e

package e2e

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/daemon"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/internal/releases"
)

// TestRegistry makes a cluster from a registry of its own, as on a host that
// reaches one: the newest node image of a minor version, without any CNI, is
// pulled into Docker, the CNI's images are pulled once and put into the nodes.
// The released binary needs nothing else: neither Go nor a module proxy. Calico and
// kube-proxy both use nftables here.
func TestRegistry(t *testing.T) {
	t.Parallel()
	const cluster = "e2e-registry"
	s := newSession(t, cluster)
	mirror := s.registry(forge.Calico)
	if !testing.Short() {
		s.fill(mirror, forge.Cilium)
	}
	binary := released(t)
	s.Env = []string{"XDG_CACHE_HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()} // archives of an earlier run must not help
	before := s.images()

	s.alone(binary, upFrom(mirror, cluster, "--cni", "calico", "--proxy-mode", "nftables", "--workers", "1")...)
	images := s.Output("docker", "exec", cluster+"-worker", "ctr", "-n", "k8s.io", "images", "ls", "-q")
	if !strings.Contains(images, "quay.io/calico/node:") {
		t.Errorf("the worker lacks Calico under its own name:\n%s", images)
	}
	if strings.Contains(images, mirror) {
		t.Errorf("the worker has images under the mirror's name:\n%s", images)
	}
	if events := s.Kubectl(cluster, "get", "events", "-A", "--field-selector=reason=Pulling", "-o", "name"); events != "" {
		t.Errorf("nodes pulled images themselves:\n%s", events)
	}
	if rules := s.Output("docker", "exec", cluster+"-worker", "nft", "list", "table", "ip", "kube-proxy"); !strings.Contains(rules, "service-") {
		t.Errorf("kube-proxy's table holds no service:\n%s", rules)
	}
	s.Must("down", "-n", cluster)
	if !testing.Short() {
		s.alone(binary, upFrom(mirror, cluster, "--cni", "cilium", "--profile", "single")...)
		s.Must("down", "-n", cluster)
	}
	s.Output("docker", "rmi", mirror+"/kindest/node:"+published)
	if after := s.images(); after != before {
		t.Errorf("Docker had the images\n%s\nand now has\n%s", before, after)
	}
}

// TestKilledLoad kills "up" in the phase that TestKilled has nothing for.
func TestKilledLoad(t *testing.T) {
	long(t)
	const cluster = "e2e-killed-load"
	s := newSession(t, cluster)
	mirror := s.registry(forge.Calico)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TMPDIR", t.TempDir())
	before := s.everything(cache)
	s.killed("• [load]", nil, upFrom(mirror, cluster, "--cni", "calico", "--workers", "1")...)
	s.sweeps(before, cache, false)
	s.Output("docker", "rmi", mirror+"/kindest/node:"+published)
}

// upFrom are the arguments of up with images of a registry. The network is the cluster's
// own: with another cache, others who remove the shared one do not know of this up.
func upFrom(mirror, cluster string, more ...string) []string {
	return append([]string{
		"up", "--images", "registry", "--image-registry", mirror, "--kubernetes-version", semver.MajorMinor(published)[1:], "--network", cluster, "-n", cluster,
	}, more...)
}

// published is a patch of which no one but the registry knows.
var published = semver.MajorMinor(releases.Supported[0]) + ".1000"

// registry starts a registry with the images of a CNI, and returns the prefix of their names.
func (s *session) registry(cni string) (mirror string) {
	s.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.Cleanup(server.Close)
	mirror = strings.TrimPrefix(server.URL, "http://") + "/mirror"
	s.fill(mirror, cni)
	return mirror
}

// fill pushes a node image without a CNI, and a CNI's images, as if they were
// upstream's.
func (s *session) fill(mirror, cni string) {
	s.Helper()
	base, err := forge.Build(s.Context(), forge.Spec{CNI: forge.None}, forge.Options{})
	if err != nil {
		s.Fatal(err)
	}
	local, err := name.ParseReference(base.NodeImage)
	if err != nil {
		s.Fatal(err)
	}
	node, err := daemon.Image(local)
	if err != nil {
		s.Fatal(err)
	}
	push := func(ref string, image v1.Image) error {
		target, err := name.ParseReference(mirror + "/" + ref[strings.Index(ref, "/")+1:])
		if err != nil {
			return err
		}
		return remote.Write(target, image)
	}
	if err := push("docker.io/kindest/node:"+published, node); err != nil {
		s.Fatal(err)
	}
	if _, err := forge.Build(s.Context(), forge.Spec{CNI: cni}, forge.Options{}); err != nil {
		s.Fatal(err)
	}
	if err := forge.Export(s.Context(), forge.Spec{CNI: cni}, forge.Options{}, push); err != nil {
		s.Fatal(err)
	}
}

// TestNoRegistry wants a registry that does not answer to be noticed in time,
// and nothing to be made.
func TestNoRegistry(t *testing.T) {
	s := newSession(t)
	before := s.belongings()
	r := s.Kindctl("up", "--images", "registry", "--image-registry", "127.0.0.1:9", "-n", "e2e-none")
	if r.Code != 3 || !strings.Contains(r.Stderr, "no registry answers") {
		t.Errorf("exit %d, want 3 and the reason:\n%s", r.Code, r.Stderr)
	}
	if r.Took > 10*time.Second {
		t.Errorf("noticed after %v", r.Took)
	}
	s.belongsAsBefore(before)
	s.kubeconfigUntouched()
}
