package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/pkg/verify"
)

func authzCheck() verify.Check {
	return verify.Check{
		ID: "api.authz", Group: groupAPI, Title: "The API server denies unauthorized requests",
		Proves:  "A request for the nodes without credentials must be rejected, and the default ServiceAccount of the namespace default must not be allowed to read the secrets of kube-system. No one reports access that was granted by mistake.",
		Hint:    "find the binding that grants it: kubectl get clusterrolebindings,rolebindings -A -o wide | grep -E 'system:(anonymous|unauthenticated|authenticated|serviceaccounts)|default'; kubectl auth can-i --list --as system:anonymous",
		Rights:  []string{"create subjectaccessreviews.authorization.k8s.io"},
		Differs: "Anonymous users, or the ServiceAccounts of all namespaces, were granted access. The check is skipped if the configuration asks for authorization mode AlwaysAllow.",
		Run:     accessIsDenied,
	}
}

const findBindings = "kubectl get clusterrolebindings,rolebindings -A -o wide | grep -E "

// deniedIdentity is an identity that every cluster has and that holds no rights.
const deniedIdentity = "system:serviceaccount:default:default"

// accessIsDenied lets nothing but a refusal count: where no answer came, or
// the authorizer was in trouble, nothing was proven.
func accessIsDenied(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if request, asked := t.Expect.RequestedSetting("kube-apiserver", "", "--authorization-mode"); asked && strings.Contains(fmt.Sprint(request.Value), "AlwaysAllow") {
		return nil, verify.Inapplicable("the API servers allow everything, as the configuration asks for: --authorization-mode=" + fmt.Sprint(request.Value))
	}
	status, err := anonymousStatus(ctx, t.Kube.Config, "/api/v1/nodes")
	if err != nil {
		return nil, verify.Unobservable(err)
	}
	anonymous, open := evaluateAnonymous(status)
	if open != nil && !verify.IsDifference(open) {
		return nil, open
	}
	review, err := t.Kube.Clientset.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:   deniedIdentity,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: verify.SystemNamespace,
				Verb:      "get",
				Resource:  "secrets",
				Version:   "v1",
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("create SubjectAccessReview: %w", err)
	}
	reviewed, err := evaluateReview(review.Status)
	seen := slices.DeleteFunc(verify.Evidence{anonymous, reviewed}, func(line string) bool { return line == "" })
	return seen, errors.Join(open, err)
}

// anonymousStatus is the status code of a GET without credentials.
func anonymousStatus(ctx context.Context, config *rest.Config, path string) (int, error) {
	status, _, err := verify.GetStatus(ctx, rest.AnonymousClientConfig(config), path)
	if err != nil {
		return 0, fmt.Errorf("ask without credentials: %w", err)
	}
	return status, nil
}

func evaluateAnonymous(status int) (string, error) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("GET /api/v1/nodes without credentials: %d %s", status, http.StatusText(status)), nil
	case http.StatusOK:
		return "", verify.Differs("anonymous", "delete the binding that grants it: "+findBindings+"'system:(anonymous|unauthenticated)'",
			errors.New("unauthenticated users can list nodes: GET /api/v1/nodes without credentials is answered with 200 OK"))
	}
	return "", verify.Unobservable(fmt.Errorf("GET /api/v1/nodes without credentials: %d %s, which is neither a refusal nor an answer", status, http.StatusText(status)))
}

func evaluateReview(status authorizationv1.SubjectAccessReviewStatus) (string, error) {
	switch {
	case status.Allowed:
		return "", verify.Differs("serviceaccounts", "delete the binding that grants it: "+findBindings+"'system:(authenticated|serviceaccounts)|default'",
			fmt.Errorf("%s may get secrets in %s: %s", deniedIdentity, verify.SystemNamespace, status.Reason))
	case status.EvaluationError != "":
		return "", verify.Unobservable(errors.New("SubjectAccessReview: " + status.EvaluationError))
	}
	return fmt.Sprintf("SubjectAccessReview: %s may not get secrets in %s", deniedIdentity, verify.SystemNamespace), nil
}
