package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// answersStatus is an API server that upgrades nothing: it answers with a Status
// or, where that is nil, with a text of the kubelet's.
func answersStatus(t *testing.T, code int, answer func(r *http.Request) *apierrors.StatusError) (client *Client, methods *[]string) {
	t.Helper()
	methods = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*methods = append(*methods, r.Method+" "+r.Header.Get("Upgrade"))
		status := answer(r)
		if status == nil {
			http.Error(w, "Forbidden (user=apiserver)", code)
			return
		}
		status.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.ErrStatus.Code))
		_ = json.NewEncoder(w).Encode(status.ErrStatus)
	}))
	t.Cleanup(server.Close)
	client, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, methods
}

// streams are the ways into a pod that take an upgrade.
var streams = map[string]func(*testing.T, *Client) error{
	"exec": func(t *testing.T, c *Client) error {
		_, err := c.Exec(t.Context(), PodRef{Namespace: "a", Name: "p"}, "true")
		return err
	},
	"portforward": func(t *testing.T, c *Client) error {
		_, _, err := c.GetPod(t.Context(), "a", "p", 8080, "/")
		return err
	},
	"portforward, kept": func(t *testing.T, c *Client) error {
		_, _, err := Keep(c).GetPod(t.Context(), "a", "p", 8080, "/")
		return err
	},
	"portforward, TLS": func(t *testing.T, c *Client) error {
		_, _, err := c.GetPodTLS(t.Context(), "a", "p", 8080, "/")
		return err
	},
}

// TestStreamsThatAreRefused keeps, through both protocols, what the API server
// says of a user: a failure of the pod must not be made of it.
func TestStreamsThatAreRefused(t *testing.T) {
	for name, open := range streams {
		subresource, _, _ := strings.Cut(name, ",")
		t.Run(name, func(t *testing.T) {
			client, methods := answersStatus(t, 0, func(r *http.Request) *apierrors.StatusError {
				verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create"}[r.Method]
				return apierrors.NewForbidden(schema.GroupResource{Resource: "pods/" + subresource}, "p", fmt.Errorf(`User "eve" cannot %s resource "pods/%s"`, verb, subresource))
			})
			err := open(t, client)
			if want := fmt.Sprintf(`User "eve" cannot create resource "pods/%s"`, subresource); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want Forbidden and %s", err, want)
			}
			if got := strings.Join(*methods, ", "); got != "GET websocket, POST SPDY/3.1" {
				t.Errorf("asked by %s", got)
			}
			client, _ = answersStatus(t, 0, func(*http.Request) *apierrors.StatusError { return apierrors.NewUnauthorized("expired") })
			if err := open(t, client); !apierrors.IsUnauthorized(err) {
				t.Errorf("got %v, want Unauthorized", err)
			}
		})
	}
}

// TestStreamsThatFail: what is no word on the user's rights is none, even with
// the status code of one, which a kubelet may send to its API server.
func TestStreamsThatFail(t *testing.T) {
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			client, _ := answersStatus(t, http.StatusForbidden, func(*http.Request) *apierrors.StatusError { return nil })
			if err := open(t, client); err == nil || apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "Forbidden (user=apiserver)") {
				t.Errorf("a kubelet's refusal: %v", err)
			}
			client, _ = answersStatus(t, 0, func(*http.Request) *apierrors.StatusError {
				return apierrors.NewInternalError(errors.New("error dialing backend"))
			})
			if err := open(t, client); err == nil || apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "error dialing backend") {
				t.Errorf("a kubelet that is not reached: %v", err)
			}
		})
	}
}
