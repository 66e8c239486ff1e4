package scratch

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain makes this program, when it is told to, one to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("SCRATCH_VICTIM") == "" {
		os.Exit(m.Run())
	}
	path, _, err := Dir("victim")
	if err == nil {
		err = os.WriteFile(filepath.Join(path, "file"), nil, 0o600)
	}
	if err != nil {
		panic(err)
	}
	println(path)
	select {}
}

// TestAbandoned has a process that lives, one that is killed, and directories
// that no one can say anything of.
func TestAbandoned(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	live, remove, err := Dir("live")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"kindctl-e2e-123", "kindctl-old", "other"} {
		if err := os.Mkdir(filepath.Join(os.TempDir(), dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(os.TempDir(), "other", lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	abandoned(t)
	dead := victim(t)
	abandoned(t, dead)
	if err := Clear(live); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(live); err != nil {
		t.Errorf("a directory in use was removed: %v", err)
	}
	if err := Clear(dead); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("an abandoned directory is still there: %v", err)
	}
	abandoned(t)
	remove()
	if _, err := os.Stat(live); !os.IsNotExist(err) {
		t.Errorf("a removed directory is still there: %v", err)
	}
}

func abandoned(t *testing.T, want ...string) {
	t.Helper()
	got, err := Abandoned()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("abandoned (-want +got):\n%s", diff)
	}
}

// victim has a process make a directory and kills it.
func victim(t *testing.T) string {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "SCRATCH_VICTIM=1")
	said, err := command.StderrPipe()
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
	abandoned(t) // it lives
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	return lines.Text()
}
