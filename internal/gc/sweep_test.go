package gc

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/runs/runstest"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestMain(m *testing.M) { runstest.Main(m) }

// shed is a Docker with clusters.
type shed struct {
	clusters []provider.Inventory
	spare    map[string]bool // networks that kindctl made
	kept     string          // the node in which a reset has left something
}

func (s shed) Inventory(_ context.Context, cluster string) (provider.Inventory, error) {
	for _, one := range s.clusters {
		if one.Cluster == cluster {
			return one, nil
		}
	}
	return provider.Inventory{Cluster: cluster}, nil
}

func (s shed) Inventories(context.Context) ([]provider.Inventory, error) { return s.clusters, nil }

func (s shed) NetworkUse(_ context.Context, network, _ string) (made, unused bool, err error) {
	unused, made = s.spare[network]
	return made, unused, nil
}

func (s shed) HasKept(_ context.Context, node *provider.Node) (bool, error) {
	return node.Name == s.kept, nil
}

// cluster is one with one container.
func cluster(metadata provider.Metadata, created time.Time) provider.Inventory {
	return provider.Inventory{Cluster: metadata.Cluster, Nodes: []*provider.Node{{
		Name: metadata.Cluster + "-control-plane", Created: created, Volumes: []string{metadata.Cluster + "-var"}, Network: metadata.Cluster + "-net",
		APIPort: "40001", Metadata: &metadata,
	}}}
}

// newer is metadata that only a newer kindctl reads.
func newer(cluster, run string) provider.Metadata {
	return provider.Metadata{APIVersion: "kindctl.dev/v2", Cluster: cluster, Run: run, Expires: time.Unix(0, 0)}
}

// TestPlanRemoval wants the context to go from files that got it before, and another
// cluster's of the same name to stay there.
func TestPlanRemoval(t *testing.T) {
	dir := t.TempDir()
	current, earlier, others := filepath.Join(dir, "current"), filepath.Join(dir, "earlier"), filepath.Join(dir, "others")
	for file, port := range map[string]string{current: "40001", earlier: "40001", others: "50001"} {
		entry := "apiVersion: v1\nkind: Config\nclusters:\n- name: kind-lab\n  cluster: {server: \"https://127.0.0.1:" + port + "\"}\n"
		if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	metadata := provider.Metadata{Cluster: "lab", Owner: runs.Owner(), Kubeconfigs: []string{current, earlier, others, filepath.Join(dir, "gone")}}
	for owner, want := range map[string][]string{runs.Owner(): {current, earlier}, "someone@else": {current}} {
		metadata.Owner = owner
		removal, err := PlanRemoval(t.Context(), shed{clusters: []provider.Inventory{cluster(metadata, time.Now())}}, "lab", current)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, removal.Kubeconfigs); diff != "" {
			t.Errorf("kubeconfigs of a cluster of %s (-want +got):\n%s", owner, diff)
		}
	}
}

// TestPlanRemovalOfPooled wants kubeconfigs to be left alone, also one that cannot be read.
func TestPlanRemovalOfPooled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for pool, want := range map[string][]string{"mine.0a0b0c0d": nil, "": {file}} {
		metadata := provider.Metadata{Cluster: "pool-a", Owner: runs.Owner(), Pool: pool}
		removal, err := PlanRemoval(t.Context(), shed{clusters: []provider.Inventory{cluster(metadata, time.Now())}}, "pool-a", file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, removal.Kubeconfigs); diff != "" {
			t.Errorf("kubeconfigs of a cluster of pool %q (-want +got):\n%s", pool, diff)
		}
	}
}

func TestPlanRemovalOfNewer(t *testing.T) {
	_, err := PlanRemoval(t.Context(), shed{clusters: []provider.Inventory{cluster(newer("lab", ""), time.Now())}}, "lab", "")
	if hint.ReasonOf(err) != hint.ClusterNewer.Name {
		t.Errorf("a cluster with metadata of a newer kindctl would be removed: %v", err)
	}
}

// TestPlanExpired wants clusters whose time is over, and no others: not one that
// someone is at work on, nor contexts of the same name for another cluster.
func TestPlanExpired(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	now := time.Now()
	mine, elsewhere := filepath.Join(t.TempDir(), "mine"), filepath.Join(t.TempDir(), "elsewhere")
	for file, port := range map[string]string{mine: "40001", elsewhere: "50001"} {
		if err := os.WriteFile(file, []byte("apiVersion: v1\nkind: Config\nclusters:\n- name: kind-over\n  cluster: {server: \"https://127.0.0.1:"+port+"\"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	metadata := func(name string, expires time.Time) provider.Metadata {
		return provider.Metadata{Run: name, Cluster: name, Owner: runs.Owner(), Expires: expires, Kubeconfigs: []string{mine, elsewhere}}
	}
	release, err := runs.Lock("busy")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	over := cluster(metadata("over", now.Add(-time.Hour)), now)
	over.Companions = []string{"store"}
	s := newSweep(shed{clusters: []provider.Inventory{
		over, cluster(metadata("young", now.Add(time.Hour)), now),
		cluster(
			metadata("busy", now.Add(-time.Hour)), now,
		), cluster(metadata("for-ever", time.Time{}), now), cluster(newer("new", ""), now), {Cluster: "kinds", Nodes: []*provider.Node{{Name: "kinds-control-plane"}}},
	}, spare: map[string]bool{"over-net": true}}, "engine")
	defer s.Close()
	if err := s.plan(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	want := []string{"remove container store", "remove container over-control-plane", "remove volume over-var", "remove network over-net", "remove context kind-over from " + mine}
	if len(s.Clusters) != 1 || s.Clusters[0].Reason != "it expired 1h0m0s ago" {
		t.Fatalf("the plan is %+v", s.Clusters)
	}
	if diff := cmp.Diff(want, s.Clusters[0].Titles()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Skipped{{"busy", "another kindctl process is changing it"}, {"new", "the containers of cluster new have metadata in the format kindctl.dev/v2; this kindctl reads kindctl.dev/v1alpha1"}}, s.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestPlanKilled kills a run and looks at what there is of it: something, nothing
// that is its own, or a cluster in another Docker.
func TestPlanKilled(t *testing.T) {
	for name, tt := range map[string]struct {
		there  func(run string) []provider.Inventory
		docker string
		want   []string
		left   int
	}{
		"half of it": {func(run string) []provider.Inventory {
			return []provider.Inventory{cluster(provider.Metadata{Cluster: "lab", Run: run}, time.Now())}
		}, "engine", []string{"remove container lab-control-plane", "remove volume lab-var", "remove network lab-net"}, 0},
		"nothing, but it may come": {func(string) []provider.Inventory { return nil }, "engine", []string{"remove network lab-net"}, 0},
		"a cluster of a later run": {func(string) []provider.Inventory {
			return []provider.Inventory{cluster(provider.Metadata{Cluster: "lab", Run: "later"}, time.Now())}
		}, "engine", nil, 0},
		"a cluster of kind's, made later": {func(string) []provider.Inventory {
			return []provider.Inventory{{Cluster: "lab", Nodes: []*provider.Node{{Name: "lab-control-plane", Created: time.Now().Add(time.Hour)}}}}
		}, "engine", nil, 1},
		"one that a newer kindctl changed": {func(run string) []provider.Inventory {
			return []provider.Inventory{cluster(newer("lab", run), time.Now())}
		}, "engine", nil, 1},
		"another Docker": {func(string) []provider.Inventory { return nil }, "other engine", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			t.Setenv("TMPDIR", t.TempDir())
			s := newSweep(shed{clusters: tt.there(runstest.Kill(t)), spare: map[string]bool{"lab-net": true}}, tt.docker)
			defer s.Close()
			if err := s.plan(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, removal := range s.Clusters {
				got = append(got, removal.Titles()...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if len(s.Left) != tt.left {
				t.Errorf("left are %+v, want %d", s.Left, tt.left)
			}
		})
	}
}

// TestStaleLocks wants the lock that a run had when it was killed, and not one of
// another time.
func TestStaleLocks(t *testing.T) {
	begun := time.Now().Add(-time.Minute)
	killed := begun.Add(time.Second)
	dir := t.TempDir()
	files := map[string]time.Time{"own": killed, "older": begun.Add(-time.Hour), "newer": killed.Add(time.Hour)}
	record := &runs.Killed{Seen: killed, Entry: runs.Entry{KubeconfigChange: &runs.KubeconfigChange{Since: begun}}}
	for name, changed := range files {
		path := filepath.Join(dir, name)
		record.KubeconfigChange.Files = append(record.KubeconfigChange.Files, path)
		if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+".lock", changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	s := newSweep(shed{}, "engine")
	s.planLocks(record)
	own := filepath.Join(dir, "own.lock")
	if diff := cmp.Diff([]string{own}, s.Locks); diff != "" {
		t.Fatalf("locks (-want +got):\n%s", diff)
	}
	if err := s.stale[0].remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Errorf("the lock is still there: %v", err)
	}
	again := staleLock{own, s.stale[0].info}
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := again.remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Errorf("the lock of someone else is gone: %v", err)
	}
}
