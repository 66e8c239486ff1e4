// Package runstest kills runs for tests.
package runstest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/runs"
)

// victim is set in the environment of a run to be killed.
const victim = "RUNSTEST_VICTIM"

// Main is a TestMain: it runs the tests, or, in a process that Kill started, begins the
// record of a run that creates cluster lab on network lab-net of the Docker "engine".
func Main(m *testing.M) {
	if os.Getenv(victim) == "" {
		os.Exit(m.Run())
	}
	record, err := runs.Open("up", "lab")
	if err == nil {
		err = record.Change(func(e *runs.Entry) {
			e.Creation = &runs.Creation{Docker: "engine", Since: time.Now(), Containers: []string{"lab-control-plane"}, Network: "lab-net"}
		})
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(record.Run())
	select {}
}

// Kill leaves the record of a run that was killed, and returns its ID. The package under
// test must have Main.
func Kill(t *testing.T) (run string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), victim+"=1")
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	if !lines.Scan() {
		t.Fatal("the run printed no ID")
	}
	if found, err := runs.FindKilled(); err != nil || len(found) > 0 {
		t.Errorf("a living run counts as killed: %v, %v", found, err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	return lines.Text()
}
