//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStopAndStart stops a cluster with each CNI, has others take its addresses,
// and starts it again: what was in it is there, and everything works.
func TestStopAndStart(t *testing.T) {
	long(t)
	for _, cni := range []string{"cilium", "calico"} {
		t.Run(cni, func(t *testing.T) {
			cluster := "e2e-stop-" + cni
			s := newSession(t, cluster)
			s.Must("up", "--cni", cni, "-n", cluster)
			if cni == "calico" {
				s.loads(cluster)
			}
			s.Kubectl(cluster, "create", "configmap", "keepsake", "--from-literal=a=b")
			before := s.addresses(cluster)
			s.stops(cluster)
			s.squat(s.networkOf(cluster), before[cluster+"-control-plane"], "e2e-squatter-"+cni)
			plan := s.Must("start", "-n", cluster, "--dry-run").Stdout
			for _, want := range []string{"start " + cluster + "-control-plane at another address", "Remove stale node addresses", "Verify"} {
				if !strings.Contains(plan, want) {
					t.Errorf("the plan of the start lacks %q:\n%s", want, plan)
				}
			}
			if s.runningOf(cluster) != "" {
				t.Error("a plan started something")
			}
			r := s.Must("start", "-n", cluster)
			if !strings.Contains(r.Stdout, "runs again and is verified") {
				t.Errorf("start says %q", r.Stdout)
			}
			if after := s.addresses(cluster); after[cluster+"-control-plane"] == before[cluster+"-control-plane"] {
				t.Errorf("the control plane has its old address, so nothing is shown here: %v", after)
			}
			s.threeReadyNodes(cluster)
			s.serviceByName(cluster)
			s.Kubectl(cluster, "get", "configmap", "keepsake")
			if r := s.Must("start", "-n", cluster); !strings.Contains(r.Stdout, "was running already") {
				t.Errorf("a start of what runs says %q", r.Stdout)
			}
			s.loses(cluster)
		})
	}
}

// stops stops a cluster, first only in words.
func (s *session) stops(cluster string) {
	s.Helper()
	running := s.runningOf(cluster)
	if plan := s.Must("stop", "-n", cluster, "--dry-run", "-o", "json").Stdout; strings.Count(plan, `"stop `+cluster) != 3 || !strings.Contains(plan, `"dryRun": true`) {
		s.Errorf("the plan for machines is\n%s", plan)
	}
	if plan := s.Must("stop", "-n", cluster, "--dry-run").Stdout; strings.Count(plan, "stop "+cluster) != 3 || s.runningOf(cluster) != running {
		s.Errorf("the plan of the stop, which is to change nothing, is\n%s", plan)
	}
	s.Must("stop", "-n", cluster)
	if left := s.runningOf(cluster); left != "" {
		s.Errorf("after a stop these run:\n%s", left)
	}
	if r := s.Must("stop", "-n", cluster); !strings.Contains(r.Stdout, "stopped already") {
		s.Errorf("a second stop says %q", r.Stdout)
	}
	for _, command := range [][]string{{"verify"}, {"status"}, {"load", "e2e:none"}, {"up", "--cni", "none"}} {
		if r := s.Kindctl(append(command, "-n", cluster)...); r.Code != 2 || !strings.Contains(r.Stderr, "kindctl start -n "+cluster) {
			s.Errorf("%s of a stopped cluster: exit %d\n%s", command[0], r.Code, r.Stderr)
		}
	}
}

// loses takes a node away from a stopped cluster, which must not be started.
func (s *session) loses(cluster string) {
	s.Helper()
	s.Must("stop", "-n", cluster)
	s.Output("docker", "rm", "-v", cluster+"-worker2")
	r := s.Kindctl("start", "-n", cluster)
	if r.Code != 4 || !strings.Contains(r.Stderr, cluster+"-worker2") || s.runningOf(cluster) != "" {
		s.Errorf("a start without a node: exit %d, running %q\n%s", r.Code, s.runningOf(cluster), r.Stderr)
	}
}

// runningOf lists the containers of a cluster that run.
func (s *session) runningOf(cluster string) string {
	s.Helper()
	return s.Output("docker", "ps", "-q", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
}

func (s *session) addresses(cluster string) map[string]string {
	s.Helper()
	return s.addressesOf(cluster, "IPAddress")
}

// addressesOf returns the addresses that Docker has under a key.
func (s *session) addressesOf(cluster, key string) map[string]string {
	s.Helper()
	found := map[string]string{}
	for name := range strings.FieldsSeq(s.Output("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster)) {
		found[name] = s.Output("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{."+key+"}}{{end}}", name)
	}
	return found
}

func (s *session) networkOf(cluster string) string {
	s.Helper()
	return s.Output("docker", "inspect", "-f", "{{.HostConfig.NetworkMode}}", cluster+"-control-plane")
}

// squat puts containers on a network until one has the address. They go at the
// end of the test.
func (s *session) squat(network, address, name string) {
	s.Helper()
	image := s.Output("docker", "images", "-q", "kindctl.local/node")
	image, _, _ = strings.Cut(image, "\n")
	for i := range 20 {
		container := name + "-" + string(rune('a'+i))
		s.Cleanup(func() { _, _ = s.Try("docker", "rm", "-f", "-v", container) })
		s.Output("docker", "run", "-d", "--name", container, "--network", network, "--entrypoint", "sleep", image, "3600")
		if slices.Contains(strings.Fields(s.Output("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}", container)), address) {
			return
		}
	}
	s.Fatalf("no one got %s", address)
}

// loads puts images of this host into nodes, which skip what they have.
func (s *session) loads(cluster string) {
	s.Helper()
	const image = "e2e-load:dev"
	s.Cleanup(func() { _, _ = s.Try("docker", "rmi", "-f", image) })
	if r := s.Kindctl("load", "-n", cluster, "e2e-nowhere:1", "e2e-nowhere:2"); r.Code != 7 || !strings.Contains(r.Stderr, "e2e-nowhere:1, e2e-nowhere:2") {
		s.Errorf("images that are not there: exit %d\n%s", r.Code, r.Stderr)
	}
	s.build(image, "first")
	if r := s.Must("load", image, "-n", cluster, "--nodes", "worker"); !strings.Contains(r.Stdout, "loaded into "+cluster+"-worker, "+cluster+"-worker2") {
		s.Errorf("load into workers says %q", r.Stdout)
	}
	if r := s.Must("load", image, "-n", cluster); !strings.Contains(r.Stdout, "loaded into "+cluster+"-control-plane; there already") {
		s.Errorf("load where some have it says %q", r.Stdout)
	}
	archive := filepath.Join(s.TempDir(), "image.tar")
	s.Output("docker", "save", "-o", archive, image)
	if r := s.Must("load", archive, "-n", cluster); strings.Contains(r.Stdout, "loaded") || !strings.Contains(r.Stdout, "there already") {
		s.Errorf("load of what all have says %q", r.Stdout)
	}
	s.build(image, "second")
	if r := s.Must("load", image, "-n", cluster); strings.Contains(r.Stdout, "already") {
		s.Errorf("load of another image of that name says %q", r.Stdout)
	}
	s.Kubectl(cluster, "run", "loaded", "--image="+image, "--image-pull-policy=Never", "--restart=Never")
	s.Kubectl(cluster, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/loaded", "--timeout=60s")
	if said := s.Kubectl(cluster, "logs", "loaded"); said != "second" {
		s.Errorf("the pod says %q", said)
	}
	s.Kubectl(cluster, "delete", "pod", "loaded")
}

// build makes an image of a program that says a word.
func (s *session) build(image, word string) {
	s.Helper()
	s.compile(image, `package main; import "os"; func main() { os.Stdout.WriteString("`+word+`") }`)
}

// compile makes an image of a program, and removes it when the test ends.
func (s *session) compile(image, source string) {
	s.Helper()
	dir := s.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		s.Fatal(err)
	}
	program := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), file)
	program.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := program.CombinedOutput(); err != nil {
		s.Fatalf("%v\n%s", err, out)
	}
	s.Output("tar", "-C", dir, "-cf", filepath.Join(dir, "image.tar"), "program")
	s.Output("docker", "import", "-c", `ENTRYPOINT ["/program"]`, filepath.Join(dir, "image.tar"), image)
	s.Cleanup(func() { _, _ = s.Try("docker", "rmi", "-f", image) })
}

// TestHighlyAvailableComesBack mixes up the addresses of three control planes, as
// a restart of Docker does, and stops and starts them.
func TestHighlyAvailableComesBack(t *testing.T) {
	long(t)
	t.Run("ipv4", func(t *testing.T) { highlyAvailableComesBack(t, "cilium", "ipv4", "IPAddress") })
	t.Run("ipv6", func(t *testing.T) { highlyAvailableComesBack(t, "calico", "ipv6", "GlobalIPv6Address") })
}

// highlyAvailableComesBack looks at the addresses of one IP family, by Docker's name
// for them.
func highlyAvailableComesBack(t *testing.T, cni, family, key string) {
	const cluster, network = "e2e-ha-back", "e2e-ha-net"
	s := newSession(t, cluster)
	s.Must("up", "--cni", cni, "--ip-family", family, "--control-planes", "3", "--workers", "1", "--network", network, "-n", cluster)
	before := s.addressesOf(cluster, key)
	planes := []string{cluster + "-control-plane", cluster + "-control-plane2", cluster + "-control-plane3"}
	slices.SortFunc(planes, func(a, b string) int { return strings.Compare(before[b], before[a]) })
	s.Output("docker", append([]string{"stop", "-t", "30"}, planes...)...)
	for _, name := range planes { // the highest address first, so that it becomes the lowest
		s.Output("docker", "start", name)
	}
	if mixed := s.addressesOf(cluster, key); mixed[planes[0]] == before[planes[0]] {
		t.Fatalf("the addresses are as they were: %v", mixed)
	}
	s.comesBack(cluster, before, key)

	s.Must("stop", "-n", cluster)
	s.squat(network, before[planes[1]], "e2e-ha-squatter")
	if r := s.Kindctl("start", "-n", cluster); r.Code != 4 || !strings.Contains(r.Stderr, "e2e-ha-squatter") ||
		!strings.Contains(r.Stderr, "expect "+cluster+"-control-plane") ||
		s.runningOf(cluster) != "" {
		t.Errorf("a start where someone has an address that it needs: exit %d\n%s", r.Code, r.Stderr)
	}
	for name := range strings.FieldsSeq(s.Output("docker", "ps", "-q", "--filter", "name=e2e-ha-squatter")) {
		s.Output("docker", "rm", "-f", "-v", name)
	}
	s.comesBack(cluster, before, key)
	s.Must("down", "-n", cluster)
	if left := s.Output("docker", "network", "ls", "-q", "--filter", "name="+network); left != "" {
		t.Errorf("the network is left: %s", left)
	}
}

// comesBack starts a cluster and wants its control planes where they were.
func (s *session) comesBack(cluster string, before map[string]string, key string) {
	s.Helper()
	s.Must("start", "-n", cluster)
	for name, address := range s.addressesOf(cluster, key) {
		if strings.Contains(name, "control-plane") && address != before[name] {
			s.Errorf("%s has %s, not %s", name, address, before[name])
		}
	}
	s.Eventually(time.Minute, func() (string, error) {
		return s.Try("docker", "exec", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "--raw", "/readyz")
	})
}
