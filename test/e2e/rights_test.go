//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// timeToRemove is how long a cluster may take to remove a namespace.
const timeToRemove = time.Minute

// verifiesWithLeastRights runs the verification as a ServiceAccount that holds
// what --print-rbac prints and nothing else, and then without some of the
// rights, which must be named and are no failure of the cluster.
func (s *session) verifiesWithLeastRights(cluster, cni string) {
	s.Helper()
	roles := s.Must("verify", "--print-rbac", "--cni", cni).Stdout
	s.Apply(cluster, roles)
	s.Kubectl(cluster, "create", "serviceaccount", "auditor")
	s.Kubectl(cluster, "create", "clusterrolebinding", "auditor", "--clusterrole=kindctl-verify", "--serviceaccount=default:auditor")
	for _, namespace := range []string{"kube-system", "kube-node-lease"} {
		if strings.Contains(roles, "namespace: "+namespace) {
			s.Kubectl(cluster, "-n", namespace, "create", "rolebinding", "auditor", "--role=kindctl-verify", "--serviceaccount=default:auditor")
		}
	}
	path := s.kubeconfigOf(cluster, s.Kubectl(cluster, "create", "token", "auditor"))
	r := s.Kindctl("verify", "--context", "auditor", "--kubeconfig", path)
	if r.Code != 0 || strings.Contains(r.Stdout, "forbidden") {
		s.Errorf("verify with the least rights: exit %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
	}

	s.Apply(cluster, s.Must("verify", "--print-rbac", "--only", "api.ready").Stdout)
	inAgents := map[string]string{"calico": "cal.backend", "cilium": "cil.agents"}[cni]
	// What a kubelet has allowed it allows for minutes more, so that none is asked.
	for check, lack := range map[string]string{"sched.leader": `cannot list resource "leases"`, inAgents: `cannot create resource "pods/exec"`} {
		r = s.Kindctl("verify", "--context", "auditor", "--kubeconfig", path, "--only", check)
		if r.Code != 1 || !strings.Contains(r.Stdout, "ERROR   "+check) || !strings.Contains(r.Stdout, lack) || !strings.Contains(r.Stdout, "hint: have the user bound") {
			s.Errorf("%s without a right: exit %d, want 1, an ERROR, and %q\n%s\n%s", check, r.Code, lack, r.Stdout, r.Stderr)
		}
	}

	expired := s.kubeconfigOf(cluster, "not-a-token")
	r = s.Kindctl("verify", "--context", "auditor", "--kubeconfig", expired)
	if r.Code != 1 || !strings.Contains(r.Stderr, "credentials") {
		s.Errorf("verify with bad credentials: exit %d, want 1 and a word on credentials\n%s\n%s", r.Code, r.Stdout, r.Stderr)
	}
	s.Kubectl(cluster, "delete", "serviceaccount/auditor", "clusterrolebinding/auditor", "clusterrole/kindctl-verify")
}

// kubeconfigOf writes a kubeconfig with the context auditor for a token.
func (s *session) kubeconfigOf(cluster, token string) string {
	s.Helper()
	original := s.Must("get", "kubeconfig", "-n", cluster).Stdout
	var server, authority string
	for line := range strings.Lines(original) {
		line = strings.TrimSpace(line)
		if value, found := strings.CutPrefix(line, "server: "); found {
			server = value
		}
		if value, found := strings.CutPrefix(line, "certificate-authority-data: "); found {
			authority = value
		}
	}
	path := filepath.Join(s.TempDir(), "auditor")
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: auditor
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: auditor, context: {cluster: c, user: u}}]
`, server, authority, token)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// leavesNothing wants no namespace or policy of a verification to be left.
func (s *session) leavesNothing(cluster string) {
	s.Helper()
	s.Eventually(timeToRemove, func() (string, error) {
		out := s.Kubectl(cluster, "get", "namespaces,mutatingadmissionpolicies,mutatingadmissionpolicybindings", "-l", "kindctl.dev/run", "-o", "name")
		if out != "" {
			return out, fmt.Errorf("a verification left something behind")
		}
		return "", nil
	})
}
