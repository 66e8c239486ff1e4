//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kindctl/kindctl/test/harness"
)

// engineDir holds everything of the test's own Docker. It is on a disk, as the
// layers of containers want it, and its name is short, as the names of sockets
// have to be.
const engineDir = "/var/tmp/kindctl-e2e-docker"

// engine is a Docker of the test's own, which can be restarted. It lives in a
// network namespace: two dockerds in one would take each other's packet filter
// rules away.
type engine struct {
	*session
	process *os.Process
	ended   chan struct{} // closed when the process is gone
}

// newEngine starts a dockerd and has docker and kindctl use it until the end of
// the test. They must run in the test's own goroutine, whose thread is in that
// namespace; so there are no subtests. What a killed run left is removed first.
func newEngine(t *testing.T) *engine {
	t.Helper()
	if _, err := exec.LookPath("dockerd"); err != nil || os.Geteuid() != 0 {
		t.Skip("a second Docker takes root, and dockerd on this machine")
	}
	runtime.LockOSThread() // for ever: the thread ends with the goroutine
	if err := errors.Join(unix.Unshare(unix.CLONE_NEWNET), loopbackUp()); err != nil {
		t.Fatalf("a network namespace: %v", err)
	}
	e := &engine{session: &session{User: harness.NewUser(t)}}
	e.remove()
	t.Cleanup(e.remove)
	t.Setenv("DOCKER_HOST", e.host())
	e.start()
	return e
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	if _, _, code := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(request))); code != 0 {
		return code
	}
	return nil
}

func (e *engine) host() string { return "unix://" + filepath.Join(engineDir, "docker.sock") }

// start starts dockerd, with the runtime that the host's Docker has by default,
// and waits until it answers: then it has also started what is to run.
func (e *engine) start() {
	e.Helper()
	if err := os.MkdirAll(engineDir, 0o700); err != nil {
		e.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(engineDir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.Fatal(err)
	}
	defer log.Close()
	in := func(name string) string { return filepath.Join(engineDir, name) }
	cmd := exec.Command("dockerd", "--host", e.host(), "--config-file", e.settings(), "--data-root", in("data"), "--exec-root", in("exec"), "--pidfile", in("pid"),
		"--containerd-namespace", "kindctl-e2e", "--containerd-plugins-namespace", "kindctl-e2e-plugins") // where the containerd is the host's
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM} // a killed test stops it
	if err := cmd.Start(); err != nil {
		e.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	e.process, e.ended = cmd.Process, ended
	began := time.Now()
	e.Eventually(2*time.Minute, func() (string, error) {
		select {
		case <-ended:
			said, _ := os.ReadFile(in("log"))
			e.Fatalf("dockerd ended:\n%s", said[max(0, len(said)-4096):])
		default:
		}
		return e.Try("docker", "-H", e.host(), "version")
	})
	e.Logf("dockerd answers after %v", time.Since(began).Round(100*time.Millisecond))
}

// settings writes the part of the host's settings without which containers may
// not start here.
func (e *engine) settings() string {
	e.Helper()
	var runtimes struct {
		Default  string          `json:"default-runtime,omitempty"`
		Runtimes json.RawMessage `json:"runtimes,omitempty"`
	}
	data, err := os.ReadFile("/etc/docker/daemon.json")
	if err == nil {
		err = json.Unmarshal(data, &runtimes)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.Fatal(err)
	}
	path := filepath.Join(engineDir, "daemon.json")
	if data, err = json.Marshal(runtimes); err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		e.Fatal(err)
	}
	return path
}

// restart ends dockerd with a signal and starts it again. Told to terminate, it
// stops its containers first; killed, it leaves them to the next one.
func (e *engine) restart(signal syscall.Signal) {
	e.Helper()
	e.end(signal)
	e.awaitEnd("exec/containerd/containerd.pid") // which dies with it
	e.start()
}

func (e *engine) end(signal syscall.Signal) {
	e.Helper()
	if err := e.process.Signal(signal); err != nil {
		e.Fatal(err)
	}
	select {
	case <-e.ended:
	case <-time.After(2 * time.Minute):
		e.Fatalf("dockerd does not end when it is told: %v", signal)
	}
}

// remove leaves nothing of it: no container, process, mount or file. A dockerd
// that is gone is started once more, because its containers may still run.
func (e *engine) remove() {
	e.Helper()
	if _, err := os.Stat(engineDir); errors.Is(err, fs.ErrNotExist) {
		return
	}
	if e.process == nil { // of a killed run, which has been told to end
		e.awaitEnd("pid")
		e.awaitEnd("exec/containerd/containerd.pid")
		e.start()
	} else {
		select {
		case <-e.ended:
			e.start()
		default:
		}
	}
	if containers := strings.Fields(e.Output("docker", "-H", e.host(), "ps", "-aq")); len(containers) > 0 {
		e.Output("docker", append([]string{"-H", e.host(), "rm", "-f", "-v"}, containers...)...)
	}
	e.end(syscall.SIGTERM)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		e.Fatal(err)
	}
	lines := strings.Split(string(mounts), "\n")
	for _, line := range slices.Backward(lines) { // what is mounted on another mount comes after it
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], engineDir+"/") {
			e.Logf("dockerd left %s mounted: %v", fields[4], unix.Unmount(fields[4], unix.MNT_DETACH))
		}
	}
	if err := os.RemoveAll(engineDir); err != nil {
		e.Error(err)
	}
}

// awaitEnd waits until the process whose number is in a file is gone, and its
// parent knows: dockerd takes one that has ended without that for alive.
func (e *engine) awaitEnd(file string) {
	e.Helper()
	pid, err := os.ReadFile(filepath.Join(engineDir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		e.Fatal(err)
	}
	e.Eventually(time.Minute, func() (string, error) {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(number), "cmdline"))
		if err == nil && (len(line) == 0 || strings.Contains(string(line), engineDir)) { // else it is another's by now
			return "", fmt.Errorf("process %d is still there", number)
		}
		return "", nil
	})
}
