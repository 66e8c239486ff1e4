package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// shelf is Docker's API as far as names of images go: name to labels.
type shelf struct {
	sync.Mutex
	images map[string]map[string]string
}

func (s *shelf) engine(t *testing.T) *Docker {
	t.Helper()
	return serve(t, s)
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Api-Version", "1.47")
	w.Header().Set("Content-Type", "application/json")
	_, name, _ := strings.Cut(r.URL.Path, "/images/")
	source, tagged := strings.CutSuffix(name, "/tag")
	name = strings.TrimSuffix(name, "/json")
	switch labels, found := s.images[source]; {
	case name == "": // ping
	case tagged && found:
		s.images[r.URL.Query().Get("repo")+":"+r.URL.Query().Get("tag")] = labels
		w.WriteHeader(http.StatusCreated)
	case s.images[name] == nil:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message": "no such image"}`))
	case r.Method == http.MethodDelete:
		delete(s.images, name)
		_, _ = w.Write([]byte(`[]`))
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": name, "Config": map[string]any{"Labels": s.images[name]}})
	}
}

func TestLend(t *testing.T) {
	const built, name = "kindctl.local/load-balancer:1", "docker.io/envoyproxy/envoy:v1"
	ours, upstream := map[string]string{builtLabel: "1"}, map[string]string{"maker": "Envoy"}
	for _, test := range []struct {
		title          string
		image          string
		before         map[string]map[string]string
		during, after  map[string]string // the labels that name has
		anotherLending bool
	}{
		{title: "a name for a while", image: built, before: map[string]map[string]string{built: ours}, during: ours},
		{title: "a name that was left", image: built, before: map[string]map[string]string{built: ours, name: {builtLabel: "0"}}, during: ours},
		{title: "the real image came first", image: built, before: map[string]map[string]string{built: ours, name: upstream}, during: upstream, after: upstream},
		{title: "the real image was found", image: name, before: map[string]map[string]string{name: upstream}, during: upstream, after: upstream},
		{title: "no load balancer", before: map[string]map[string]string{built: ours}},
		{title: "another process needs it too", image: built, before: map[string]map[string]string{built: ours}, during: ours, after: ours, anotherLending: true},
	} {
		t.Run(test.title, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			docker := &shelf{images: test.before}
			engine := docker.engine(t)
			other := func() {}
			if test.anotherLending {
				var err error
				if other, err = engine.TagTemporarily(t.Context(), test.image, name); err != nil {
					t.Fatal(err)
				}
			}
			untag, err := engine.TagTemporarily(t.Context(), test.image, name)
			if err != nil {
				t.Fatal(err)
			}
			if got := docker.images[name][builtLabel]; got != test.during[builtLabel] || (docker.images[name] == nil) != (test.during == nil) {
				t.Errorf("meanwhile the name is that of %v, not %v", docker.images[name], test.during)
			}
			untag()
			if got := docker.images[name]; (got == nil) != (test.after == nil) || got[builtLabel] != test.after[builtLabel] {
				t.Errorf("afterward the name is that of %v, not %v", got, test.after)
			}
			other()
			if _, left := docker.images[name][builtLabel]; left {
				t.Error("the name was kept")
			}
			if docker.images[built] == nil && test.before[built] != nil {
				t.Error("the image itself is gone")
			}
		})
	}
}

func TestBalanced(t *testing.T) {
	const file = `
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: kube_apiservers
  load_assignment:
    cluster_name: kube_apiservers
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: lab-control-plane, port_value: 6443}}}
`
	got, err := withBackends([]byte(file), []string{"lab-control-plane2", "lab-control-plane3"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	if strings.Contains(text, "lab-control-plane\n") || !strings.Contains(text, "address: lab-control-plane2") || !strings.Contains(text, "address: lab-control-plane3") ||
		strings.Count(text, "port_value: 6443") != 2 || !strings.Contains(text, "name: kube_apiservers") {
		t.Errorf("the file becomes\n%s", text)
	}
	for _, broken := range []string{"resources: []", "resources: [{name: a}]", "[]"} {
		if _, err := withBackends([]byte(broken), nil); err == nil {
			t.Errorf("%q is taken for a load balancer's file", broken)
		}
	}
}
