package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestVerifyExitCodes: the exit code follows from the verdicts alone, whatever
// the format, and the report is on standard output whatever the exit code.
func TestVerifyExitCodes(t *testing.T) {
	patience := contactTimeout
	contactTimeout = 500 * time.Millisecond
	defer func() { contactTimeout = patience }()
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	const only = "--only"
	tests := map[string]struct {
		answer http.HandlerFunc
		flags  []string
		code   hint.Code
		want   map[string]verify.Outcome // none means that there is no report
	}{
		"all pass":         {reviewing(t, false), []string{only, "api.authz"}, hint.OK, map[string]verify.Outcome{"api.authz": verify.Pass}},
		"all that applies": {reviewing(t, false), []string{only, "api.authz,cil.kpr"}, hint.OK, map[string]verify.Outcome{"api.authz": verify.Pass, "cil.kpr": verify.Skip}},
		"nothing applies":  {reviewing(t, false), []string{only, "cil.kpr"}, hint.Internal, map[string]verify.Outcome{"cil.kpr": verify.Skip}},
		"one is unseen":    {reviewing(t, false), []string{only, "api.authz,sched.leader"}, hint.Internal, map[string]verify.Outcome{"api.authz": verify.Pass, "sched.leader": verify.Error}},
		"one differs":      {reviewing(t, true), []string{only, "api.authz"}, hint.OK, map[string]verify.Outcome{"api.authz": verify.Warn}},
		"it is accepted":   {accepting(reviewing(t, true), "api.authz/serviceaccounts"), []string{only, "api.authz"}, hint.OK, map[string]verify.Outcome{"api.authz": verify.Pass}},
		"another is":       {accepting(reviewing(t, true), "api.authz/anonymous"), []string{only, "api.authz"}, hint.OK, map[string]verify.Outcome{"api.authz": verify.Warn}},
		"differs, unseen":  {reviewing(t, true), []string{only, "api.authz,sched.leader"}, hint.Internal, map[string]verify.Outcome{"api.authz": verify.Warn, "sched.leader": verify.Error}},
		"one is blocked":   {reviewing(t, false), []string{only, "kubelet.alive,kubelet.lease"}, hint.Internal, map[string]verify.Outcome{"kubelet.alive": verify.Error, "kubelet.lease": verify.Blocked}},
		"no answer":        {silent, nil, hint.Timeout, nil},
	}
	for name, test := range tests {
		for _, format := range []string{"table", "json"} {
			t.Run(name+", "+format, func(t *testing.T) {
				server := httptest.NewServer(test.answer)
				defer server.Close()
				code, stdout, stderr := verifyLab(t, server.URL, append(test.flags, "-o", format)...)
				if code != int(test.code) || (stderr == "") != (code == 0) {
					t.Errorf("exit code %d, want %d\n%s", code, test.code, stderr)
				}
				if test.want == nil {
					if stdout != "" {
						t.Errorf("there is a report:\n%s", stdout)
					}
					return
				}
				for id, outcome := range test.want {
					if got := outcomeIn(t, format, stdout, id); got != outcome {
						t.Errorf("%s is %q, want %q:\n%s", id, got, outcome, stdout)
					}
				}
			})
		}
	}
}

// outcomeIn reads the verdict on a check in a report.
func outcomeIn(t *testing.T, format, stdout, id string) verify.Outcome {
	t.Helper()
	if format == "table" {
		if match := regexp.MustCompile(`(?m)^  ([A-Z]+) +` + regexp.QuoteMeta(id) + " ").FindStringSubmatch(stdout); match != nil {
			return verify.Outcome(match[1])
		}
		return ""
	}
	var report verify.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		if result.ID == id {
			return result.Outcome
		}
	}
	return ""
}

// reviewing says of whom it is asked about whether they are allowed. Else it is
// recorded, and so refuses the nodes to strangers as to everybody.
func reviewing(t *testing.T, allowed bool) http.HandlerFunc {
	t.Helper()
	others := recorded(t, "cilium")
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/authorization.k8s.io/v1/subjectaccessreviews" {
			others(w, r)
			return
		}
		serve(w, authorizationv1.SubjectAccessReview{
			TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SubjectAccessReview"},
			Status:   authorizationv1.SubjectAccessReviewStatus{Allowed: allowed, Reason: "a test"},
		})
	}
}

// accepting adds the record of a difference that was accepted.
func accepting(others http.HandlerFunc, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/kube-system/configmaps/kindctl-accepted" {
			others(w, r)
			return
		}
		serve(w, corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kindctl-accepted"},
			Data:       map[string]string{"differences": fmt.Sprintf(`[{"id":%q,"cause":"a test"}]`, id)},
		})
	}
}

// TestVerifyWithoutStreams: who may look at all objects, and into no pod, learns
// which right that takes, and not that the cluster is broken.
func TestVerifyWithoutStreams(t *testing.T) {
	server := httptest.NewServer(populated(t))
	defer server.Close()
	for id, subresource := range map[string]string{"kubelet.alive": "portforward", "cil.agents": "exec"} {
		code, stdout, stderr := verifyLab(t, server.URL, "--only", id, "-o", "json")
		var report verify.Report
		if err := json.Unmarshal([]byte(stdout), &report); err != nil || len(report.Results) != 1 {
			t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
		}
		result := report.Results[0]
		if code != int(hint.Internal) || result.Outcome != verify.Error || result.Attempts != 1 {
			t.Errorf("%s: exit code %d, %s after %d attempts: %s", id, code, result.Outcome, result.Attempts, result.Cause)
		}
		if want := fmt.Sprintf(`User "eve" cannot create resource "pods/%s"`, subresource); !strings.Contains(result.Cause, want) || !strings.Contains(result.Hint, "--print-rbac --cni cilium") {
			t.Errorf("%s: %s (hint: %s), want %s", id, result.Cause, result.Hint, want)
		}
	}
}

// populated has three ready nodes with a pod on each, whatever pods are asked
// for, and forbids all that leads into them.
func populated(t *testing.T) http.HandlerFunc {
	t.Helper()
	others := recorded(t, "cilium")
	nodes := corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}}
	pods := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for _, name := range []string{"cp1", "w1", "w2"} {
		node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		nodes.Items = append(nodes.Items, node)
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "agent-" + name}, Spec: corev1.PodSpec{NodeName: name, HostNetwork: true}}
		pod.Status.Phase = corev1.PodRunning
		pods.Items = append(pods.Items, pod)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		subresource := path.Base(r.URL.Path)
		switch {
		case subresource == "exec" || subresource == "portforward":
			verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create"}[r.Method]
			status(w, apierrors.NewForbidden(corev1.Resource("pods/"+subresource), path.Base(path.Dir(r.URL.Path)), fmt.Errorf(`User "eve" cannot %s resource "pods/%s"`, verb, subresource)))
		case r.URL.Path == "/api/v1/nodes":
			serve(w, nodes)
		case r.URL.Path == "/api/v1/namespaces/kube-system/pods":
			serve(w, pods)
		default:
			others(w, r)
		}
	}
}
