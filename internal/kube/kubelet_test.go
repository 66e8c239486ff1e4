package kube

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// TestGetKubeletThrough wants the user's own credentials to reach a kubelet
// whose certificate no one knows.
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
		t.Error("the client itself now trusts every certificate")
	}
}

// TestGetKubelet reads texts and JSON, and keeps what the API server says of a
// user who may not.
func TestGetKubelet(t *testing.T) {
	for contentType, want := range map[string]string{"text/plain; charset=utf-8": "ok", "application/json": `{"kubeletconfig":{}}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/nodes/w1/proxy/configz" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.Header().Set("Content-Type", contentType)
			fmt.Fprint(w, want)
		}))
		defer server.Close()
		client, err := New(&rest.Config{Host: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := client.GetKubelet(t.Context(), "w1", "configz"); err != nil || string(body) != want {
			t.Errorf("%s: got %q, %v", contentType, body, err)
		}
	}
	client, _ := answersStatus(t, 0, func(*http.Request) *apierrors.StatusError {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "w1", errors.New(`User "eve" cannot get resource "nodes/proxy"`))
	})
	if _, err := client.GetKubelet(t.Context(), "w1", "configz"); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "eve" cannot get resource "nodes/proxy"`) {
		t.Errorf("forbidden: %v", err)
	}
	client, _ = answersStatus(t, http.StatusBadGateway, func(*http.Request) *apierrors.StatusError { return nil })
	if _, err := client.GetKubelet(t.Context(), "w1", "configz"); err == nil || !strings.Contains(err.Error(), "Forbidden (user=apiserver)") {
		t.Errorf("another failure: %v", err)
	}
}
