package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// verifyLab runs verify on a server and returns what a user gets.
func verifyLab(t *testing.T, server string, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	args := append([]string{"kindctl", "verify", "--quiet", "--context", "lab", "--kubeconfig", kubeconfigOf(t, server)}, flags...)
	code = Main(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

// TestVerifyWithoutAnswer: what keeps verify from asking anything is told with
// a hint, and nothing is printed that could pass for a report.
func TestVerifyWithoutAnswer(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc // nil means that no one listens
		flags  []string
		code   hint.Code
		want   []string
	}{
		"no one listens": {nil, nil, hint.Internal, []string{"the API server of lab does not answer as it should", "connection refused", "kubectl --context lab cluster-info"}},
		"expired": {func(w http.ResponseWriter, _ *http.Request) { status(w, apierrors.NewUnauthorized("Unauthorized")) }, nil,
			hint.Internal, []string{"lab does not accept the credentials, which may have expired", "kubectl --context lab auth whoami"}},
		"forbidden": {forbid, nil, hint.Internal, []string{"this user may not look at lab", `User "eve" cannot list resource`, "kindctl verify --print-rbac"}},
		"no API":    {http.NotFound, nil, hint.Internal, []string{"the API server of lab does not answer as it should"}},
		"another CNI": {recorded(t, "calico"), []string{"--cni", "cilium"}, hint.Usage,
			[]string{"lab has calico, not cilium", "hint:"}},
		"no CNI that is known": {recorded(t, "none"), []string{"--cni", "cilium"}, hint.Usage,
			[]string{"lab has no CNI that kindctl knows, not cilium"}},
		"a check of another CNI": {recorded(t, "calico"), []string{"--only", "cil.agents"}, hint.Usage,
			[]string{`"cil.agents" is about cilium, but lab has calico`, "kindctl verify --list --cni calico"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			if test.answer == nil {
				server.Close()
			}
			for _, format := range []string{"table", "json"} {
				code, stdout, stderr := verifyLab(t, server.URL, append(test.flags, "-o", format)...)
				if code != int(test.code) || stdout != "" {
					t.Errorf("exit code %d, stdout %q", code, stdout)
				}
				for _, want := range test.want {
					if !strings.Contains(stderr, want) {
						t.Errorf("stderr lacks %q:\n%s", want, stderr)
					}
				}
			}
		})
	}
}

// TestVerifyWithoutRights: a user who may do nothing but read the record sees
// no failure, because nothing was observed. Every check of every CNI is held
// against the schema of the report.
func TestVerifyWithoutRights(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	published, err := compiler.Compile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cni := range []string{"cilium", "calico"} {
		server := httptest.NewServer(recorded(t, cni))
		defer server.Close()
		code, stdout, stderr := verifyLab(t, server.URL, "--cni", cni, "-o", "json")
		if code != int(hint.Internal) {
			t.Errorf("%s: exit code %d\n%s", cni, code, stderr)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := published.Validate(document); err != nil {
			t.Error(err)
		}
		var report verify.Report
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Results) != len(kindctl.Checks(cni)) || report.Count(verify.Error) == 0 {
			t.Errorf("%s: %d results, %d of them errors", cni, len(report.Results), report.Count(verify.Error))
		}
		for _, result := range report.Results {
			if result.Outcome == verify.Pass || result.Outcome == verify.Fail || result.Outcome == verify.Warn {
				t.Errorf("%s is %s: %s", result.ID, result.Outcome, result.Cause)
			}
		}
	}
}

// TestVerifyNamesWhatIsForbidden holds the message of one such check.
func TestVerifyNamesWhatIsForbidden(t *testing.T) {
	server := httptest.NewServer(recorded(t, "none"))
	defer server.Close()
	code, stdout, stderr := verifyLab(t, server.URL, "--only", "kubelet.alive")
	if code != int(hint.Internal) || !strings.Contains(stdout, "ERROR   kubelet.alive") || !strings.Contains(stdout, `User "eve" cannot list resource "nodes"`) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "1 inconclusive of 1 checks") {
		t.Errorf("stderr: %s", stderr)
	}
}
