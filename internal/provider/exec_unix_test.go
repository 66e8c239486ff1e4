//go:build unix

package provider

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// execd is Docker's API as far as commands in containers go; they run on the host.
type execd struct {
	command *exec.Cmd
	ended   chan struct{} // closed once the command has its exit code
}

// stream writes what Docker puts in front of a part of standard output or error.
type stream struct {
	io.Writer
	number byte
}

func (s stream) Write(b []byte) (int, error) {
	header := binary.BigEndian.AppendUint32([]byte{s.number, 0, 0, 0}, uint32(len(b)))
	_, err := s.Writer.Write(append(header, b...))
	return len(b), err
}

func (d *execd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.47")
	w.Header().Set("Content-Type", "application/json")
	switch path := versioned.ReplaceAllString(r.URL.Path, ""); path {
	case "/containers/lab-worker/exec":
		var request struct{ Cmd []string }
		_ = json.NewDecoder(r.Body).Decode(&request)
		d.command = exec.Command(request.Cmd[0], request.Cmd[1:]...)
		d.ended = make(chan struct{})
		_, _ = w.Write([]byte(`{"Id": "1"}`))
	case "/exec/1/start":
		_, _ = io.Copy(io.Discard, r.Body) // what follows it is the command's
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		defer close(d.ended)
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		in, err := d.command.StdinPipe()
		if err != nil {
			return
		}
		go func() {
			defer in.Close()
			_, _ = io.Copy(in, buffered)
		}()
		d.command.Stdout, d.command.Stderr = stream{conn, 1}, stream{conn, 2}
		_ = d.command.Run()
	case "/exec/1/json":
		<-d.ended
		_ = json.NewEncoder(w).Encode(map[string]any{"ID": "1", "ExitCode": d.command.ProcessState.ExitCode()})
	}
}

func (d *execd) node(t *testing.T) *Node {
	t.Helper()
	return serve(t, d).Cluster("lab").Node("lab-worker")
}

func TestExec(t *testing.T) {
	node := (&execd{}).node(t)
	output, code, err := node.Exec(t.Context(), "sh", "-c", `echo "$1"; cat; sleep 0.1; echo more >&2; exit 3`, "sh", "one  word")
	if output != "one  word\nmore" || code != 3 || err != nil {
		t.Errorf("output %q, code %d, %v", output, code, err)
	}
	if _, code, err := node.Exec(t.Context(), "true"); code != 0 || err != nil {
		t.Errorf("code %d, %v", code, err)
	}
}

// TestPipe gives a command its input, and wants its output without its other words.
func TestPipe(t *testing.T) {
	node := (&execd{}).node(t)
	var out strings.Builder
	if err := node.pipe(t.Context(), strings.NewReader("one\ntwo\n"), &out, "sh", "-c", "cat; echo words >&2"); err != nil || out.String() != "one\ntwo\n" {
		t.Errorf("output %q, %v", out.String(), err)
	}
	err := node.pipe(t.Context(), strings.NewReader("x"), io.Discard, "sh", "-c", "echo no room >&2; exit 4")
	if want := "\"sh -c echo no room >&2; exit 4\" in lab-worker: exit status 4\n  no room"; err == nil || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
	broken := errors.New("the disk is broken")
	if err := node.pipe(t.Context(), iotest.ErrReader(broken), io.Discard, "cat"); !errors.Is(err, broken) {
		t.Errorf("error is %v, want that of the input", err)
	}
}

// TestExecEndsWithItsContext wants the command itself to have ended when Exec returns.
func TestExecEndsWithItsContext(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	go func() {
		for t.Context().Err() == nil {
			if data, _ := os.ReadFile(file); len(data) > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel(interrupted)
	}()
	begin := time.Now()
	_, _, err := (&execd{}).node(t).Exec(ctx, "sh", "-c", `echo $$ >"$1"; exec sleep 600`, "sh", file)
	if err != interrupted || time.Since(begin) > endTime/2 { //nolint:errorlint // it comes back as it is
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("kill", "-0", strings.TrimSpace(string(data))).Run(); err == nil {
		t.Error("the command is still there")
	}
}

// TestKubeadmsLastWords wants what kubeadm says of its failure in the error.
func TestKubeadmsLastWords(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	const script = "#!/bin/sh\nexec >&2\necho \"[init] $*\"\necho 'I1129 03:12:45.123456 210 join.go:1] noise'\necho 'error: no such phase'\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "kubeadm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	err := (&execd{}).node(t).Init(t.Context())
	const want = "kubeadm init in lab-worker: exit status 1\n  [init] init --config=/kind/kubeadm.conf --skip-token-print --v=6\n  error: no such phase"
	if err == nil || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
}
