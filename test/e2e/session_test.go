//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/test/harness"
)

// session is a user of this machine, and what end-to-end tests do as that user.
type session struct {
	*harness.User
	clusters []string // those that the test makes
	pool     bool     // the test has a pool
}

// in is the same user in a subtest.
func (s *session) in(t testing.TB) *session { return &session{s.In(t), s.clusters, s.pool} }

// foreign is what the user had before kindctl came. It must survive.
const foreign = `apiVersion: v1
kind: Config
current-context: production
clusters:
- name: production
  cluster: {server: "https://192.0.2.1:6443"}
contexts:
- name: production
  context: {cluster: production, user: production}
users:
- name: production
  user: {token: keep-me}
`

// newSession gives the test a kubeconfig and removes its clusters at the end,
// and before it begins what a killed run left of them.
func newSession(t testing.TB, clusters ...string) *session {
	t.Helper()
	s := &session{User: harness.NewUser(t), clusters: clusters}
	if err := os.WriteFile(s.Kubeconfig, []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	remove := func() {
		for _, name := range clusters {
			s.Kindctl("down", "-n", name)
		}
	}
	remove()
	t.Cleanup(remove)
	return s
}

// red wants verify to exit with 5 and returns what failed.
func (s *session) red(cluster string) []verify.Result {
	s.Helper()
	code, report := s.Verify(cluster)
	if code != 5 {
		s.Errorf("verify exits with %d, want 5", code)
	}
	return slices.DeleteFunc(report.Results, func(r verify.Result) bool { return r.Outcome != verify.Fail && r.Outcome != verify.Error })
}

// only wants exactly one red check, with a cause and a hint.
func (s *session) only(cluster, id string) {
	s.Helper()
	failed := s.red(cluster)
	if len(failed) != 1 || failed[0].ID != id {
		s.Errorf("red checks are %+v, want exactly %s", failed, id)
		return
	}
	if failed[0].Cause == "" || failed[0].Hint == "" {
		s.Errorf("%+v comes without a cause or a hint", failed[0])
	}
	s.Logf("%s: %s (hint: %s)", id, failed[0].Cause, failed[0].Hint)
}

// belongings lists the containers that Docker has, without those of clusters that other
// tests make meanwhile, and the volumes that belong to no container.
func (s *session) belongings() string {
	s.Helper()
	var all []string
	for line := range strings.Lines(s.Output("docker", "ps", "-a", "--no-trunc", "--format", `{{.ID}} {{.Names}} {{.Label "io.x-k8s.kind.cluster"}}`)) {
		id, owner, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !s.isOthers(owner) {
			all = append(all, id+"\n")
		}
	}
	return sorted(strings.Join(all, "") + s.Output("docker", "volume", "ls", "-q", "--filter", "dangling=true"))
}

// isOthers reports whether a container belongs to a cluster of another test, by its name and
// that of its cluster. What a snapshot is saved with has the name of its node alone.
func (s *session) isOthers(owner string) bool {
	name, cluster, _ := strings.Cut(owner, " ")
	own := slices.Contains(s.clusters, cluster)
	if cluster == "" {
		own = slices.ContainsFunc(s.clusters, func(own string) bool { return strings.HasPrefix(name, own+"-") })
	}
	return strings.HasPrefix(name, "e2e-") && !own || strings.HasPrefix(name, "pool-") && !s.pool
}

// belongsAsBefore wants nothing to be left and nothing to be gone.
func (s *session) belongsAsBefore(before string) {
	s.Helper()
	if after := s.belongings(); after != before {
		s.Errorf("Docker had\n%s\nand now has\n%s", before, after)
	}
}

// images lists the images that Docker has, without those that other tests make.
func (s *session) images() string {
	s.Helper()
	var all []string
	for line := range strings.Lines(s.Output("docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")) {
		if !strings.HasPrefix(line, "e2e-") {
			all = append(all, strings.TrimSpace(line)+"\n")
		}
	}
	return sorted(strings.Join(all, ""))
}

func sorted(lines string) string {
	return strings.Join(slices.Sorted(strings.Lines(lines+"\n")), "")
}

// kubeconfigUntouched wants the user's file to hold what it held before.
func (s *session) kubeconfigUntouched() {
	s.Helper()
	data, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		s.Fatal(err)
	}
	if !strings.Contains(string(data), "keep-me") || strings.Contains(string(data), "kind-") {
		s.Errorf("the kubeconfig lost an entry or kept one of ours:\n%s", data)
	}
	if info, err := os.Stat(s.Kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		s.Errorf("kubeconfig mode is %v (%v), want 0600", info.Mode(), err)
	}
}

// long leaves a test out of "make test", which is to end within fifteen minutes
// where images are cached; "make test-long" runs it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes minutes: make test-long")
	}
}

// needs skips a test where a program is not installed. In CI it fails instead.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}
