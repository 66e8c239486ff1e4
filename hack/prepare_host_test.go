package hack

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tools are the programs that prepare-host.sh may use as they are. Whatever
// else it calls is a stub that notes the call, or is not there.
var tools = []string{"awk", "bash", "cat", "dirname", "echo", "env", "grep", "mkdir", "mv", "nohup", "setsid", "sleep", "tail", "touch", "xargs"}

const (
	allCapabilities = "000001ffffffffff"
	noSysResource   = "000001fffeffffff"
	noRestore       = "000000ffffffffff" // the last one, CAP_CHECKPOINT_RESTORE
	olderKernel     = "0000003fffffffff" // knows capabilities up to 37
)

// machine is a host in a folder: its files, and the programs on its PATH.
type machine struct {
	*testing.T
	root, path, calls string
}

// newMachine has Go, apt, Docker's command and sufficient limits, and nothing else.
func newMachine(t *testing.T, capabilities string) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t, filepath.Join(dir, "root"), filepath.Join(dir, "bin"), filepath.Join(dir, "calls")}
	if err := os.Mkdir(m.path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		found, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("this test needs %s: %v", tool, err)
		}
		if err := os.Symlink(found, filepath.Join(m.path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	m.file("/proc/self/status", "CapEff:\t0\nCapBnd:\t"+capabilities+"\n")
	m.file("/proc/sys/kernel/cap_last_cap", "40\n")
	m.file("/proc/sys/fs/inotify/max_user_instances", "8192\n")
	m.file("/proc/sys/fs/inotify/max_user_watches", "1048576\n")
	m.stub("id", "echo 0")
	m.stub("apt-get", `if [ "$1" = install ]; then for file in "$KINDCTL_HOST_ROOT"/packages/*; do mv "$file" "${0%/*}"; done; fi`)
	m.stub("apt-cache", "exit 1")
	m.stub("go", `case $1 in build) while [ "$1" != -o ]; do shift; done; echo shim >"$2"; touch "$2";; run) mkdir -p "${3%/*}"; echo '"default-runtime": "capshim"' >"$3";; esac`)
	m.stub("docker", `
[ -e "$KINDCTL_HOST_ROOT/answers" ] || exit 1
case "$*" in
*DefaultRuntime*) cat "$KINDCTL_HOST_ROOT/answers" ;;
*Server.Version*) echo 20.10 ;;
esac`)
	return m
}

func (m *machine) file(name, content string) {
	m.Helper()
	name = filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		m.Fatal(err)
	}
}

// stub puts a program on the PATH that notes its call and then does what script says.
func (m *machine) stub(name, script string) {
	m.Helper()
	content := "#!/usr/bin/env bash\necho " + name + ` "$@" >>"$CALLS"` + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(m.path, name), []byte(content), 0o755); err != nil {
		m.Fatal(err)
	}
}

// inPackages takes programs off the PATH until apt-get installs something.
func (m *machine) inPackages(names ...string) {
	m.Helper()
	m.file("/packages/other", "")
	for _, name := range names {
		if err := os.Rename(filepath.Join(m.path, name), filepath.Join(m.root, "packages", name)); err != nil {
			m.Fatal(err)
		}
	}
}

// buildNeeds installs what an image build wants.
func (m *machine) buildNeeds() {
	m.Helper()
	m.stub("gcc", "")
	m.stub("pkg-config", "")
	m.file("/usr/share/keyrings/debian-archive-keyring.gpg", "")
}

// docker has a daemon answer. It notes a SIGHUP, and then has the shim as its runtime.
func (m *machine) docker(runtime, capabilities string) {
	m.Helper()
	m.file("/answers", runtime)
	// Under nohup the signal is ignored, and a shell cannot trap what was
	// ignored when it began. Children of a process that handles it are free to.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	m.Cleanup(func() { signal.Stop(hangup) })
	daemon := exec.Command("bash", "-c", `trap 'echo SIGHUP >>"$CALLS"; echo capshim >"$KINDCTL_HOST_ROOT/answers"' HUP; echo; while :; do sleep 0.1; done`)
	daemon.Env = m.env()
	ready, err := daemon.StdoutPipe()
	if err != nil {
		m.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		m.Fatal(err)
	}
	pid := strconv.Itoa(daemon.Process.Pid)
	m.file("/run/docker.pid", pid)
	m.file("/proc/"+pid+"/status", "CapBnd:\t"+capabilities+"\n")
}

func (m *machine) env() []string {
	return []string{"PATH=" + m.path, "KINDCTL_HOST_ROOT=" + m.root, "CALLS=" + m.calls}
}

// patience is shorter than the script's own deadlines: no case may run into one.
const patience = 30 * time.Second

// prepare runs the script and returns its exit code, what it said, and the
// calls that may have changed the machine.
func (m *machine) prepare() (code int, said string, changes []string) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "prepare-host.sh")
	cmd.Env = m.env()
	output, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		m.Fatal(err)
	}
	calls, err := os.ReadFile(m.calls)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.Fatal(err)
	}
	for call := range strings.Lines(string(calls)) {
		call = strings.ReplaceAll(strings.TrimSpace(call), m.root, "")
		if !slices.ContainsFunc(reading, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
			changes = append(changes, call)
		}
	}
	return cmd.ProcessState.ExitCode(), strings.ReplaceAll(string(output), m.root, ""), changes
}

// reading are the calls that change nothing.
var reading = []string{"docker info", "docker version", "id", "apt-cache show", "pkg-config --exists"}

const (
	aptUpdate    = "apt-get update -qq"
	aptInstall   = "apt-get install -y -qq --no-install-recommends "
	needs        = "gcc libc6-dev pkg-config libseccomp-dev debian-archive-keyring"
	buildShim    = "go build -trimpath -buildvcs=false -ldflags -s -w -o /usr/local/bin/capshim.new ./hack/capshim"
	configure    = "go run ./hack/capshim/configure /etc/docker/daemon.json /usr/local/bin/capshim"
	startsDocker = `echo capshim >"$KINDCTL_HOST_ROOT/answers"`
	runsDocker   = startsDocker + `; while [ -e "$KINDCTL_HOST_ROOT" ]; do sleep 0.1; done`
	raised       = "raised fs.inotify.max_user_instances from 128 to 1024"
	ready        = "prepare-host: ready: Docker 20.10 answers\n"
)

func TestPrepareHost(t *testing.T) {
	tests := []struct {
		name         string
		capabilities string
		machine      func(m *machine)
		code         int
		changes      []string
		says         []string
	}{
		{
			"everything is in order", allCapabilities,
			func(m *machine) {
				m.buildNeeds()
				m.docker("runc", allCapabilities)
			},
			0, nil, nil,
		},
		{
			"everything is in order on a restricted machine, for a user", noSysResource,
			func(m *machine) {
				m.buildNeeds()
				m.docker("capshim", noSysResource)
				m.stub("id", "echo 1000")
			},
			0, nil, nil,
		},
		{
			"nothing is there", allCapabilities,
			func(m *machine) {
				m.file("/proc/sys/fs/inotify/max_user_instances", "128\n")
				m.stub("dockerd", runsDocker)
				m.inPackages("dockerd", "docker")
			},
			0, []string{aptUpdate, aptInstall + "docker.io iptables ca-certificates " + needs, "dockerd"},
			[]string{"starting Docker in the background; its log is /var/log/kindctl-dockerd.log", raised, ready},
		},
		{
			"nothing is there and the machine is restricted", noSysResource,
			func(m *machine) { m.stub("dockerd", runsDocker); m.inPackages("dockerd", "docker") },
			0, []string{aptUpdate, aptInstall + "docker.io iptables ca-certificates " + needs, buildShim, configure, "dockerd"},
			[]string{"lacks a capability", ready},
		},
		{
			"the last capability lacks", noRestore,
			func(m *machine) { m.buildNeeds(); m.docker("runc", noRestore) },
			0, []string{buildShim, configure, "SIGHUP"}, []string{"lacks a capability", ready},
		},
		{
			"the kernel knows fewer capabilities, and all are there", olderKernel,
			func(m *machine) {
				m.buildNeeds()
				m.file("/proc/sys/kernel/cap_last_cap", "37\n")
				m.docker("runc", olderKernel)
			},
			0, nil, nil,
		},
		{
			"Debian has Docker's command apart, and AppArmor is on", allCapabilities,
			func(m *machine) {
				m.buildNeeds()
				m.stub("apt-cache", "")
				m.file("/sys/module/apparmor/parameters/enabled", "Y\n")
				m.stub("dockerd", runsDocker)
				m.inPackages("dockerd", "docker")
			},
			0, []string{aptUpdate, aptInstall + "docker.io iptables ca-certificates apparmor docker-cli", "dockerd"}, []string{ready},
		},
		{
			"systemd starts Docker", allCapabilities,
			func(m *machine) {
				m.buildNeeds()
				m.stub("dockerd", "")
				m.file("/run/systemd/system/x", "")
				m.stub("systemctl", startsDocker)
			},
			0, []string{"systemctl start docker"}, []string{"starting Docker with systemd", ready},
		},
		{
			"Docker runs without the shim", noSysResource,
			func(m *machine) { m.buildNeeds(); m.docker("runc", noSysResource) },
			0, []string{buildShim, configure, "SIGHUP"}, []string{"containers go on", ready},
		},
		{
			"the settings of Docker cannot be changed", noSysResource,
			func(m *machine) {
				m.buildNeeds()
				m.docker("runc", noSysResource)
				m.stub("go", `case $1 in build) while [ "$1" != -o ]; do shift; done; touch "$2";; run) echo no >&2; exit 1;; esac`)
			},
			3, []string{buildShim, configure}, []string{"/etc/docker/daemon.json is as it was"},
		},
		{
			"Docker is not on this machine", noSysResource,
			func(m *machine) { m.buildNeeds(); m.file("/answers", "runc") },
			0, nil, nil,
		},
		{
			"Docker answers, and this is no Debian", allCapabilities,
			func(m *machine) { m.docker("runc", allCapabilities); m.inPackages("apt-get") },
			0, nil, nil,
		},
		{
			"no Docker, and this is no Debian", allCapabilities,
			func(m *machine) { m.inPackages("apt-get", "docker") },
			3, nil, []string{"install by hand: docker.io"},
		},
		{
			"a user on a bare machine", noSysResource,
			func(m *machine) {
				m.file("/proc/sys/fs/inotify/max_user_instances", "128\n")
				m.stub("id", "echo 1000")
				m.inPackages("docker")
			},
			3, nil, []string{"  sudo apt-get install --no-install-recommends docker.io iptables ca-certificates " + needs + "\n", `  sudo env "PATH=$PATH" /`, "sudo sysctl -w fs.inotify.max_user_instances=1024"},
		},
		{
			"a user whose Docker answers, and no compiler", allCapabilities,
			func(m *machine) { m.docker("runc", allCapabilities); m.stub("id", "echo 1000") },
			0, nil, []string{ready},
		},
		{
			"dockerd ends at once", allCapabilities,
			func(m *machine) { m.buildNeeds(); m.stub("dockerd", "echo no cgroups; exit 1") },
			3, []string{"dockerd"}, []string{"the end of its log:\nno cgroups\n"},
		},
		{
			"systemd cannot start Docker", allCapabilities,
			func(m *machine) {
				m.buildNeeds()
				m.stub("dockerd", "")
				m.file("/run/systemd/system/x", "")
				m.stub("systemctl", "exit 1")
				m.stub("journalctl", "echo no cgroups")
			},
			3, []string{"systemctl start docker", "journalctl -u docker -n 20 --no-pager"}, []string{"no cgroups"},
		},
		{
			"no Go", allCapabilities,
			func(m *machine) { m.buildNeeds(); m.docker("runc", allCapabilities); m.inPackages("go") },
			3, nil, []string{"kindctl is built with 1.", "https://go.dev/dl"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, tt.capabilities)
			tt.machine(m)
			code, said, changes := m.prepare()
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !slices.Equal(changes, tt.changes) {
				t.Errorf("changed by\n%s\nwant\n%s", strings.Join(changes, "\n"), strings.Join(tt.changes, "\n"))
			}
			if tt.code == 0 && tt.changes == nil && said != ready {
				t.Error("changes nothing, and says more than one line")
			}
			for _, want := range tt.says {
				if !strings.Contains(said, want) {
					t.Errorf("does not say %q", want)
				}
			}
			if t.Failed() {
				t.Logf("it said:\n%s", said)
			}
		})
	}
}
