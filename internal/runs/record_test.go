package runs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/runs/runstest"
)

func TestMain(m *testing.M) { runstest.Main(m) }

// recordDir is where records are in this test.
func recordDir(t *testing.T) string {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	return filepath.Join(cache, "kindctl", "runs")
}

// killedRuns are the IDs of the runs that were killed.
func killedRuns(t *testing.T) (ids []string) {
	t.Helper()
	found, err := runs.FindKilled()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range found {
		ids = append(ids, record.Run)
		if err := record.End(false); err != nil {
			t.Error(err)
		}
	}
	return ids
}

func TestRecords(t *testing.T) {
	dir := recordDir(t)
	killed := runstest.Kill(t)
	live, err := runs.Open("run", "lab")
	if err != nil {
		t.Fatal(err)
	}
	failed, err := runs.Open("up", "other")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{killed}, killedRuns(t)); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
	if err := failed.End(false); err != nil {
		t.Fatal(err)
	}
	if got := killedRuns(t); len(got) != 2 {
		t.Errorf("beside one that was killed, one could not clean up: %v", got)
	}
	if err := live.End(true); err != nil {
		t.Fatal(err)
	}
	found, err := runs.FindKilled()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range found {
		if record.Run == killed &&
			(record.Creation == nil || record.Creation.Network != "lab-net" || record.Owner != runs.Owner() || time.Since(record.Seen) > time.Minute) {
			t.Errorf("the record holds %+v", record)
		}
		if err := record.End(true); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// TestReopen wants the record of a command that takes over a cluster to have the run that made it.
func TestReopen(t *testing.T) {
	recordDir(t)
	taking, err := runs.Reopen("up", "lab", "abcdefgh")
	if err != nil {
		t.Fatal(err)
	}
	if err := taking.End(false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"abcdefgh"}, killedRuns(t)); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
}

// TestRecordWithoutLock wants a record without a lock, which may be of a living process, to be left alone.
func TestRecordWithoutLock(t *testing.T) {
	dir := recordDir(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "odd.json"), []byte(`{"run": "odd"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := killedRuns(t); got != nil {
		t.Errorf("killed: %v", got)
	}
}
