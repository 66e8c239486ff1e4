package bootstrap

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/provider"
)

// TestMain makes this program, when it is told to, a run that is to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("TICKET_VICTIM") == "" {
		os.Exit(m.Run())
	}
	ticket, err := OpenTicket("up", "lab")
	if err == nil {
		err = ticket.change(func(n *note) {
			n.Making = &making{Docker: "engine", Since: time.Now(), Containers: []string{"lab-control-plane"}, Network: "lab-net"}
		})
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(ticket.Run())
	select {}
}

// killedRun leaves the ticket of a run that was killed, and returns its ID.
func killedRun(t *testing.T) (run string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "TICKET_VICTIM=1")
	said, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() {
		t.Fatal("it says nothing")
	}
	if found := abandonedRuns(t); len(found) > 0 {
		t.Errorf("a run that lives counts as killed: %v", found)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	return lines.Text()
}

// abandonedRuns are the IDs of the killed runs.
func abandonedRuns(t *testing.T) (runs []string) {
	t.Helper()
	found, err := abandonedTickets()
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range found {
		runs = append(runs, ticket.Run)
		if err := ticket.end(false); err != nil {
			t.Error(err)
		}
	}
	return runs
}

func TestTickets(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	killed := killedRun(t)
	live, err := OpenTicket("run", "lab")
	if err != nil {
		t.Fatal(err)
	}
	failed, err := OpenTicket("up", "other")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{killed}, abandonedRuns(t)); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
	if err := failed.End(false); err != nil {
		t.Fatal(err)
	}
	if got := abandonedRuns(t); len(got) != 2 {
		t.Errorf("beside one that was killed, one could not clean up: %v", got)
	}
	if err := live.End(true); err != nil {
		t.Fatal(err)
	}
	found, err := abandonedTickets()
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range found {
		if ticket.Run == killed && (ticket.Making == nil || ticket.Making.Network != "lab-net" || ticket.Owner != owner() || time.Since(ticket.seen) > time.Minute) {
			t.Errorf("the ticket holds %+v", ticket)
		}
		if err := ticket.end(true); err != nil {
			t.Error(err)
		}
	}
	dir, err := cacheDir(tickets)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// TestTicketWithoutLock wants one of which nobody can tell to be left alone.
func TestTicketWithoutLock(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := cacheDir(tickets)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "odd"+noteSuffix), []byte(`{"run": "odd"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := abandonedRuns(t); got != nil {
		t.Errorf("killed: %v", got)
	}
}

func TestOwns(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // by Docker's clock, an hour ahead
	seen := since.Add(-time.Hour).Add(30 * time.Second)
	run := &abandoned{note: note{Run: "mine", Making: &making{Since: since, Ahead: time.Hour}}, seen: seen}
	marked := func(id string) *provider.Node {
		return &provider.Node{Metadata: &provider.Metadata{Run: id}, Created: since.Add(-time.Hour)}
	}
	at := func(after time.Duration) *provider.Node { return &provider.Node{Created: since.Add(after)} }
	early := &abandoned{note: note{Run: "mine"}, seen: seen}
	for name, tt := range map[string]struct {
		run        *abandoned
		containers []*provider.Node
		want       ownership
	}{
		"nothing":                               {run, nil, ours},
		"nothing, of a run that made nothing":   {early, nil, ours},
		"marked by the run":                     {run, []*provider.Node{marked("mine"), marked("mine")}, ours},
		"marked by another run":                 {run, []*provider.Node{marked("theirs")}, others},
		"marked by an older kindctl":            {run, []*provider.Node{marked("")}, others},
		"not all marked yet":                    {run, []*provider.Node{marked("mine"), at(time.Second)}, ours},
		"none marked, as the run began":         {run, []*provider.Node{at(0)}, ours},
		"none marked, as it was killed":         {run, []*provider.Node{at(40 * time.Second)}, ours},
		"none marked, before it":                {run, []*provider.Node{at(-time.Second)}, unclear},
		"none marked, long after it was killed": {run, []*provider.Node{at(time.Minute)}, unclear},
		"a cluster of before, one comes later":  {run, []*provider.Node{at(time.Second), at(-time.Second)}, unclear},
		"a cluster that the run only looked at": {early, []*provider.Node{at(time.Second)}, others},
	} {
		if got := tt.run.owns(provider.Inventory{Nodes: tt.containers}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
