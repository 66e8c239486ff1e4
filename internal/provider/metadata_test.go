package provider

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindctl/kindctl/pkg/hint"
)

var made = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func labMetadata() Metadata {
	return Metadata{
		APIVersion: "kindctl.dev/v1alpha1",
		Version:    "v1.2.3", Run: "abcdefgh", Owner: "ada@lovelace", Cluster: "lab", Created: made, Expires: made.Add(2 * time.Hour),
		Nodes: []string{"lab-control-plane", "lab-worker"}, Network: "kind", Kubeconfigs: []string{"/home/ada/.kube/config"},
	}
}

// labBox is a container as it is before anything wrote to it.
func labBox(name, role, state string) *box {
	return &box{
		name:    name,
		cluster: "lab",
		role:    role,
		network: "kind",
		state:   state,
		files:   map[string]string{},
		created: made,
		address: netip.MustParseAddr("172.18.0.9"),
	}
}

// TestWriteMetadata has containers appear one after the other: the first is marked when
// it is created, the second only when it is started, the third was never heard
// of until the end.
func TestWriteMetadata(t *testing.T) {
	d := &dockerd{networks: []*bridge{lan("kind")}, events: make(chan any), puts: make(chan string, 10), unready: map[string]bool{"lab-worker": true}}
	d.containers = []*box{labBox("lab-control-plane", "control-plane", "created"), labBox("lab-worker", "worker", "created")}
	writer, err := d.engine(t).Cluster("lab").WriteMetadata(t.Context(), labMetadata())
	if err != nil {
		t.Fatal(err)
	}
	d.tell("create", "lab-control-plane")
	<-d.puts
	d.tell("create", "lab-worker")
	<-d.puts
	d.marked(t, "lab-control-plane")
	d.Lock()
	d.unready = nil
	d.containers = append(d.containers, labBox("lab-external-load-balancer", "external-load-balancer", "running"))
	d.Unlock()
	d.tell("start", "lab-worker")
	<-d.puts
	d.marked(t, "lab-control-plane", "lab-worker")
	if err := writer.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.marked(t, "lab-control-plane", "lab-external-load-balancer", "lab-worker")
	got, marked, err := d.engine(t).Cluster("lab").Metadata(t.Context())
	if err != nil || !marked {
		t.Fatalf("marked %v, error %v", marked, err)
	}
	if diff := cmp.Diff(labMetadata(), got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func (d *dockerd) marked(t *testing.T, want ...string) {
	t.Helper()
	d.Lock()
	defer d.Unlock()
	var got []string
	for _, b := range d.containers {
		if b.files[metadataFile] != "" {
			got = append(got, b.name)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("marked (-want +got):\n%s", diff)
	}
}

func TestFinishTellsWhatCannotBeMarked(t *testing.T) {
	d := &dockerd{networks: []*bridge{lan("kind")}, events: make(chan any), unready: map[string]bool{"lab-worker": true}}
	d.containers = []*box{labBox("lab-worker", "worker", "running")}
	writer, err := d.engine(t).Cluster("lab").WriteMetadata(t.Context(), labMetadata())
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Finish(t.Context()); err == nil {
		t.Error("nothing names a node that is not marked")
	}
}

// TestInventories reads the metadata of clusters that do not run, of older kindctls, a newer
// one and kind, and what no kindctl wrote.
func TestInventories(t *testing.T) {
	d := &dockerd{networks: []*bridge{lan("kind")}}
	for cluster, content := range map[string]string{
		"lab": `{"run": "abcdefgh", "nodes": ["lab-worker"], "later": 1}`, "new": `{"apiVersion": "kindctl.dev/v2", "run": "abcdefgh"}`,
		"newer": `{"apiVersion": "kindctl.dev/v3", "version": "v3.1.0", "nodes": {"lab-worker": {}}}`, "old": "", "odd": "{",
	} {
		b := labBox(cluster+"-control-plane", "control-plane", "exited")
		b.cluster, b.files[metadataFile] = cluster, content
		b.volumes, b.port = []string{strings.Repeat("a", 64)}, "40001"
		d.containers = append(d.containers, b)
	}
	theirs := labBox("theirs-control-plane", "control-plane", "running")
	theirs.cluster = "theirs"
	store := labBox("store", "", "running")
	store.cluster, store.companion = "", "lab"
	d.containers = append(d.containers, theirs, store)
	found, err := d.engine(t).Inventories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]string{}
	for _, one := range found {
		switch metadata, marked, err := one.Metadata(); {
		case err != nil:
			runs[one.Cluster] = err.Error() + ": " + hint.AdviceOf(err)
		case marked:
			runs[one.Cluster] = metadata.Run
		default:
			runs[one.Cluster] = "none"
		}
	}
	want := map[string]string{
		"lab":    "abcdefgh",
		"new":    "the containers of cluster new have metadata in the format kindctl.dev/v2; this kindctl reads kindctl.dev/v1alpha1: use a newer kindctl",
		"newer":  "the containers of cluster newer have metadata in the format kindctl.dev/v3; this kindctl reads kindctl.dev/v1alpha1: use a newer kindctl; the cluster was created with v3.1.0",
		"old":    "",
		"odd":    "",
		"theirs": "none",
	}
	if diff := cmp.Diff(want, runs); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	node := &Node{Name: "lab-control-plane", Role: "control-plane", State: "exited", Created: made, Volumes: []string{strings.Repeat("a", 64)}, Network: "kind", APIPort: "40001",
		Metadata: &Metadata{Run: "abcdefgh", Nodes: []string{"lab-worker"}}}
	if !slices.Equal(found[0].Companions, []string{"store"}) || len(found[1].Companions) > 0 {
		t.Errorf("with lab go %q, with %s %q", found[0].Companions, found[1].Cluster, found[1].Companions)
	}
	if diff := cmp.Diff([]*Node{node}, found[0].Nodes, cmpopts.IgnoreUnexported(Node{})); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

// TestRefreshMetadata gives an older kindctl's metadata a format, and leaves a newer one's alone.
func TestRefreshMetadata(t *testing.T) {
	newer := `{"apiVersion": "kindctl.dev/v2", "nodes": ["lab-worker"]}`
	for written, want := range map[string]string{
		`{"run": "abcdefgh", "created": "2026-03-01T12:00:00Z", "nodes": ["lab-worker"]}`: `{"apiVersion":"kindctl.dev/v1alpha1","version":"","run":"abcdefgh","owner":"","cluster":"","created":"2026-03-01T12:00:00Z","nodes":["lab-control-plane"],"network":""}`,
		newer: newer,
	} {
		b := labBox("lab-control-plane", "control-plane", "running")
		b.files[metadataFile] = written
		d := &dockerd{networks: []*bridge{lan("kind")}, containers: []*box{b}}
		err := d.engine(t).Cluster("lab").RefreshMetadata(t.Context())
		if refused := hint.ReasonOf(err) == hint.ClusterNewer.Name; refused != (written == newer) || !refused && err != nil {
			t.Errorf("%s: %v", written, err)
		}
		if diff := cmp.Diff(want, b.files[metadataFile]); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
}

// TestPooled has a cluster frozen and taken.
func TestPooled(t *testing.T) {
	b := labBox("lab-control-plane", "control-plane", "paused")
	b.files[metadataFile] = `{"run": "abcdefgh", "pool": "mine"}`
	cluster := (&dockerd{networks: []*bridge{lan("kind")}, containers: []*box{b}}).engine(t).Cluster("lab")
	if err := cluster.SetFrozen(t.Context(), time.Unix(60, 0), 1<<30); err != nil {
		t.Fatal(err)
	}
	frozen, _, err := cluster.Metadata(t.Context())
	if err != nil || frozen.Pool != "mine" || hint.ReasonOf(frozen.EnsureTaken("lab")) != hint.ClusterPooled.Name {
		t.Errorf("the metadata of a frozen cluster is %+v, %v", frozen, err)
	}
	found, err := cluster.Glance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := found.LeavePool(t.Context(), time.Unix(120, 0), "/kubeconfig"); err != nil {
		t.Fatal(err)
	}
	taken, _, err := cluster.Metadata(t.Context())
	if err != nil || taken.Pool != "" || taken.EnsureTaken("lab") != nil || !taken.Expires.Equal(time.Unix(120, 0)) || taken.Run != "abcdefgh" ||
		cmp.Diff([]string{"/kubeconfig"}, taken.Kubeconfigs) != "" {
		t.Errorf("the metadata of a taken cluster is %+v, %v", taken, err)
	}
}

func TestLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		now    time.Time
		left   time.Duration
		limits bool
	}{
		"early": {made, 2 * time.Hour, true},
		"late":  {made.Add(3 * time.Hour), -time.Hour, true},
	} {
		if left, limited := labMetadata().Left(tt.now); left != tt.left || limited != tt.limits {
			t.Errorf("%s: %v left, limited %v", name, left, limited)
		}
	}
	if _, limited := (Metadata{}).Left(made); limited {
		t.Error("a cluster without a time to live expires")
	}
}
