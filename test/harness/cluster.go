package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

// adminKubectl is kubectl on a control plane.
const adminKubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"

// Exec runs a script of bash in a node, which must succeed, and returns its standard
// output.
func (u *User) Exec(node, script string) string {
	u.Helper()
	out, err := u.TryExec(node, script)
	if err != nil {
		u.Fatalf("%s: %s: %v\n%s", node, script, err, out)
	}
	return out
}

// TryExec is Exec for a script that may fail.
func (u *User) TryExec(node, script string) (string, error) {
	return try("", "docker", "exec", node, "bash", "-c", script)
}

// Input gives a script in a node its standard input; the script must succeed.
func (u *User) Input(node, content, script string) {
	u.Helper()
	if out, err := try(content, "docker", "exec", "-i", node, "bash", "-c", script); err != nil {
		u.Fatalf("%s: %s: %v\n%s", node, script, err, out)
	}
}

// Run runs a script of bash in a node, with an input, and returns its standard output. A
// script that fails is an error with what it said.
func (u *User) Run(ctx context.Context, node, input, script string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", "exec", "-i", node, "bash", "-c", script)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %s: %w\n%s%s", node, script, err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// Kubectl runs kubectl on the cluster's first control plane; it must succeed.
func (u *User) Kubectl(cluster string, args ...string) string {
	u.Helper()
	return u.Output("docker", append([]string{"exec", cluster + "-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf"}, args...)...)
}

// Apply sends a manifest through kubectl.
func (u *User) Apply(cluster, manifest string) {
	u.Helper()
	u.Input(cluster+"-control-plane", manifest, adminKubectl+" apply -f -")
}

// Verify runs the whole verification and returns its exit code and report.
func (u *User) Verify(cluster string) (code int, report verify.Report) {
	u.Helper()
	r := u.Kindctl("verify", "-n", cluster, "-o", "json")
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil || len(report.Results) == 0 {
		u.Fatalf("verify -o json: exit %d, %v\n%s\n%s", r.Code, err, r.Stdout, r.Stderr)
	}
	return r.Code, report
}

// Green wants every check of a cluster to pass or to be skipped. Those that are named
// may warn, and DNS may be slow, for which a busy machine is enough.
func (u *User) Green(cluster string, warning ...string) {
	u.Helper()
	code, report := u.Verify(cluster)
	for _, r := range report.Results {
		warns := r.Outcome == verify.Warn && (r.ID == "dns.latency" || slices.Contains(warning, r.ID))
		if r.Outcome != verify.Pass && r.Outcome != verify.Skip && !warns {
			u.Errorf("in a healthy cluster %s is %s: %s", r.ID, r.Outcome, r.Cause)
		}
	}
	if code != 0 {
		u.Errorf("verify of a healthy cluster exits with %d", code)
	}
}
