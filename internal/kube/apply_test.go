package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
)

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
		bad  bool
	}{
		"several, some empty": {"---\n# nothing\n---\nkind: A\napiVersion: v1\nmetadata: {name: a}\n---\n---\nkind: B\napiVersion: v1\nmetadata: {name: b}\n", []string{"A a", "B b"}, false},
		"JSON":                {`{"kind":"A","apiVersion":"v1","metadata":{"name":"a"}}`, []string{"A a"}, false},
		"a list":              {"kind: List\napiVersion: v1\nitems:\n- {kind: A, apiVersion: v1, metadata: {name: a}}\n- {kind: B, apiVersion: v1, metadata: {name: b}}\n", []string{"A a", "B b"}, false},
		"nothing":             {"", nil, false},
		"not YAML":            {"kind: [", nil, true},
		"no kind":             {"metadata: {name: a}", nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects, err := Decode([]byte(test.text))
			var got []string
			for _, object := range objects {
				got = append(got, object.GetKind()+" "+object.GetName())
			}
			if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.bad {
				t.Errorf("error %v, %s", err, diff)
			}
		})
	}
}

const manifest = `
kind: Widget
apiVersion: example.com/v1
metadata: {name: w, namespace: a}
---
kind: ConfigMap
apiVersion: v1
metadata: {name: c}
---
kind: CustomResourceDefinition
apiVersion: apiextensions.k8s.io/v1
metadata: {name: widgets.example.com}
---
kind: Namespace
apiVersion: v1
metadata: {name: a}
`

// applyServer knows Widgets only after their definition was applied, and
// records what was applied in order.
func applyServer(t *testing.T) (*Client, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var applied []string
	resources := func(names ...string) string {
		var list []string
		for _, name := range names {
			kind, plural, _ := strings.Cut(name, "/")
			list = append(list, fmt.Sprintf(`{"name":%q,"kind":%q,"namespaced":%v,"verbs":["patch"]}`, plural, kind, kind != "Namespace" && kind != "CustomResourceDefinition"))
		}
		return `{"kind":"APIResourceList","resources":[` + strings.Join(list, ",") + `]}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		defined := slices.ContainsFunc(applied, func(path string) bool { return strings.Contains(path, "customresourcedefinitions") })
		switch {
		case r.Method == http.MethodPatch:
			if r.URL.Query().Get("fieldManager") != FieldManager || r.Header.Get("Content-Type") != "application/apply-patch+yaml" {
				t.Errorf("patch %s as %s", r.URL, r.Header.Get("Content-Type"))
			}
			applied = append(applied, r.URL.Path)
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		case r.URL.Path == "/api":
			fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
		case r.URL.Path == "/api/v1":
			fmt.Fprint(w, resources("ConfigMap/configmaps", "Namespace/namespaces"))
		case r.URL.Path == "/apis":
			groups := []map[string]any{group("apiextensions.k8s.io")}
			if defined {
				groups = append(groups, group("example.com"))
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"kind": "APIGroupList", "groups": groups})
		case r.URL.Path == "/apis/apiextensions.k8s.io/v1":
			fmt.Fprint(w, resources("CustomResourceDefinition/customresourcedefinitions"))
		case r.URL.Path == "/apis/example.com/v1" && defined:
			fmt.Fprint(w, resources("Widget/widgets"))
		case strings.HasPrefix(r.URL.Path, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"):
			fmt.Fprint(w, `{"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[
				{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"widgets.example.com"},"status":{"conditions":[{"type":"Established","status":"True"}]}}]}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, func() []string { mu.Lock(); defer mu.Unlock(); return applied }
}

func group(name string) map[string]any {
	version := map[string]any{"groupVersion": name + "/v1", "version": "v1"}
	return map[string]any{"name": name, "versions": []any{version}, "preferredVersion": version}
}

func TestApplyInTwoStages(t *testing.T) {
	client, applied := applyServer(t)
	objects, err := Decode([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	got := applied()
	if len(got) != 4 {
		t.Fatalf("applied %q", got)
	}
	slices.Sort(got[:2])
	slices.Sort(got[2:])
	want := []string{
		"/api/v1/namespaces/a", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com",
		"/api/v1/namespaces/default/configmaps/c", "/apis/example.com/v1/namespaces/a/widgets/w",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestApplyNamesWhatItCannotPlace(t *testing.T) {
	client, _ := applyServer(t)
	objects, err := Decode([]byte("kind: Gadget\napiVersion: example.com/v1\nmetadata: {name: g}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Apply(t.Context(), objects); err == nil || !strings.Contains(err.Error(), "Gadget") {
		t.Errorf("got %v", err)
	}
}
