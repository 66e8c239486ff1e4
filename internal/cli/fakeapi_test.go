package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/verify"
)

// kubeconfigOf writes a kubeconfig with one context, "lab".
func kubeconfigOf(t *testing.T, server string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: lab, context: {cluster: c, user: u}}]
`, server)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve answers with an object.
func serve(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}

// status answers like an API server that refuses.
func status(w http.ResponseWriter, err *apierrors.StatusError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(err.ErrStatus.Code))
	err.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	_ = json.NewEncoder(w).Encode(err.ErrStatus)
}

func forbid(w http.ResponseWriter, r *http.Request) {
	resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	status(w, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", fmt.Errorf(`User "eve" cannot list resource %q in API group "" at the cluster scope`, resource)))
}

// recorded answers for the cluster's record and for DaemonSets, of which there
// are none, and forbids everything else.
func recorded(t *testing.T, cni string) http.HandlerFunc {
	t.Helper()
	expect, err := json.Marshal(verify.Expectation{ControlPlanes: 1, Workers: 2, EtcdMembers: 1, ProxyMode: "iptables", CNI: cni})
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/apis/apps/v1/daemonsets":
			serve(w, appsv1.DaemonSetList{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSetList"}})
		case "/api/v1/namespaces/kube-system/configmaps/kindctl":
			serve(w, corev1.ConfigMap{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
				ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kindctl"},
				Data:       map[string]string{"expectation": string(expect)},
			})
		default:
			forbid(w, r)
		}
	}
}
