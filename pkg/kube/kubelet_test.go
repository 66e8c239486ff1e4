package kube

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestGetKubeletThrough wants the user's own credentials to reach a kubelet
// whose certificate nobody knows.
func TestGetKubeletThrough(t *testing.T) {
	kubelet := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	t.Cleanup(kubelet.Close)
	client := apiServerOf(t, kubelet)
	for token, want := range map[string]int{"secret": http.StatusOK, "": http.StatusUnauthorized} {
		client.Config.BearerToken = token
		status, body, err := client.GetKubeletThrough(t.Context(), "a", "p", "/configz")
		if err != nil || status != want || string(body) != "/configz" {
			t.Errorf("token %q: got %d, %q, %v", token, status, body, err)
		}
	}
	if client.Config.Insecure {
		t.Error("the client itself now trusts anybody")
	}
}
