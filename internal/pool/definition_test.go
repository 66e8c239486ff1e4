package pool

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/hint"
)

// store is one of the user's, in a directory of the test.
func store(t *testing.T) Store {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	s, err := OpenStore("AB:CD")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// definition is a pool of clusters with a CNI.
func definition(t *testing.T, size int, cni string) Definition {
	t.Helper()
	topology, err := clusters.Decode([]byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nttl: 1h\ncni: "+cni), "test")
	if err != nil {
		t.Fatal(err)
	}
	return Definition{Size: size, Topology: topology, Images: "local", IgnorePreflightErrors: []string{"disk"}}
}

func TestDefinition(t *testing.T) {
	s := store(t)
	if _, err := s.Read(); hint.ReasonOf(err) != hint.PoolMissing.Name {
		t.Errorf("no definition gives %v", err)
	}
	first := s.Identify(definition(t, 2, "calico"))
	if err := s.Write(first); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v), want mode 0600", info, err)
	}
	read, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if d := first.Topology.Differences(read.Topology); d != "" || read.Topology.CNI != "calico" || read.Topology.TTL != first.Topology.TTL {
		t.Errorf("the configuration comes back as %+v: %s", read.Topology, d)
	}
	if read.mark() != first.mark() {
		t.Errorf("it is marked %s, and was %s", read.mark(), first.mark())
	}
	if diff := cmp.Diff(first, read, cmpopts.IgnoreFields(Definition{}, "Topology")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if larger := s.Identify(definition(t, 5, "calico")); larger.mark() != first.mark() {
		t.Error("with another size the clusters that are ready are outdated")
	}
	lasting := s.Identify(definition(t, 2, "calico"))
	if lasting.Topology.TTL, lasting.IgnorePreflightErrors = 0, nil; lasting.mark() != first.mark() {
		t.Error("with another lifetime the clusters that are ready are outdated")
	}
	if other := s.Identify(definition(t, 2, "cilium")); other.ID != first.ID || other.mark() == first.mark() {
		t.Errorf("clusters with another CNI are marked %s, those of before %s", other.mark(), first.mark())
	}
}

func TestDamagedDefinition(t *testing.T) {
	s := store(t)
	if err := s.Write(s.Identify(definition(t, 1, "calico"))); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "{}", `{"apiVersion": "kindctl.dev/v9", "kind": "Pool", "id": "a", "size": 1}`,
		`{"apiVersion": "kindctl.dev/v1alpha1", "kind": "Pool", "id": "a", "size": -1, "config": {}}`} {
		if err := os.WriteFile(s.file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(); hint.ReasonOf(err) != hint.PoolDamaged.Name {
			t.Errorf("%q gives %v", content, err)
		}
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if err := s.Remove(); err != nil {
		t.Errorf("a definition that is not there cannot be removed: %v", err)
	}
}
