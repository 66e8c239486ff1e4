package apiserver

import (
	"net/http"
	"net/http/httptest"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestAccessIsDenied(t *testing.T) {
	denied := authorizationv1.SubjectAccessReviewStatus{}
	tests := map[string]struct {
		anonymous    int
		review       authorizationv1.SubjectAccessReviewStatus
		want         string
		unobservable bool
	}{
		"unauthorized":                     {401, denied, "", false},
		"forbidden":                        {403, denied, "", false},
		"unauthenticated users list nodes": {200, denied, "unauthenticated users can list nodes", false},
		"a sick API server":                {500, denied, "500 Internal Server Error, which is neither", true},
		"the account may":                  {403, authorizationv1.SubjectAccessReviewStatus{Allowed: true, Reason: `RBAC: allowed by ClusterRoleBinding "oops"`}, `system:serviceaccount:default:default may get secrets in kube-system: RBAC: allowed by ClusterRoleBinding "oops"`, false},
		"no authorizer":                    {403, authorizationv1.SubjectAccessReviewStatus{EvaluationError: "webhook timed out"}, "SubjectAccessReview: webhook timed out", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/nodes" || r.Header.Get("Authorization") != "" {
					t.Errorf("asked for %s with %q", r.URL.Path, r.Header.Get("Authorization"))
				}
				w.WriteHeader(test.anonymous)
			}))
			defer server.Close()
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
			target.Kube.Config = &rest.Config{Host: server.URL, BearerToken: "secret", TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
			target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
				review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
				if attributes := review.Spec.ResourceAttributes; attributes.Resource != "secrets" || attributes.Namespace != verify.SystemNamespace {
					t.Errorf("reviewed %+v", attributes)
				}
				review.Status = test.review
				return true, review, nil
			})
			evidence, err := accessIsDenied(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) != test.unobservable {
				t.Errorf("unobservable: %v", !test.unobservable)
			}
			if err == nil && len(evidence) != 2 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestAccessIsNotProvenWithoutAnAnswer(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
	target.Kube.Config = &rest.Config{Host: server.URL}
	_, err := accessIsDenied(t.Context(), target)
	verifytest.WantErr(t, err, "ask without credentials: ")
	if !verify.IsUnobservable(err) {
		t.Error("what no one answered counts as seen")
	}
}
