package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// deployment is one of which so many pods are ready.
func deployment(ready int) string {
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"a","generation":1,"resourceVersion":"%d"},"spec":{"replicas":2},
		"status":{"observedGeneration":1,"replicas":2,"updatedReplicas":2,"readyReplicas":%d,"availableReplicas":%d,
		"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}`, ready+1, ready, ready)
}

// rolloutServer lists a Deployment that is half ready and lets a watch see what
// comes next.
func rolloutServer(t *testing.T, next func(http.ResponseWriter, *http.Request)) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/api":
			fmt.Fprint(w, `{"kind":"APIVersions","versions":[]}`)
		case r.URL.Path == "/apis":
			_ = json.NewEncoder(w).Encode(map[string]any{"kind": "APIGroupList", "groups": []any{group("apps")}})
		case r.URL.Path == "/apis/apps/v1":
			fmt.Fprint(w, `{"kind":"APIResourceList","resources":[{"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["list","watch"]}]}`)
		case r.URL.Path != "/apis/apps/v1/namespaces/a/deployments" || r.URL.Query().Get("fieldSelector") != "metadata.name=web":
			t.Errorf("someone asked for %s", r.URL)
		case r.URL.Query().Get("watch") == "":
			fmt.Fprintf(w, `{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"1"},"items":[%s]}`, deployment(1))
		default:
			next(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const rollout = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web, namespace: a}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n"

func TestUntilReady(t *testing.T) {
	objects, err := Decode([]byte(rollout))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("it rolls out", func(t *testing.T) {
		client := rolloutServer(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"type":"MODIFIED","object":%s}`, deployment(2))
		})
		var seen []string
		if err := client.UntilReady(briefly(t, time.Minute), objects, func(err error) { seen = append(seen, err.Error()) }); err != nil {
			t.Error(err)
		}
		if len(seen) != 1 || !strings.HasPrefix(seen[0], "Deployment a/web: ") {
			t.Errorf("it waited for %q", seen)
		}
	})
	t.Run("it does not", func(t *testing.T) {
		client := rolloutServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		err := client.UntilReady(briefly(t, 300*time.Millisecond), objects, func(error) {})
		if err == nil || !strings.Contains(err.Error(), "Deployment a/web: Available: 1/2") {
			t.Errorf("error is %v, want what is missing", err)
		}
	})
}
