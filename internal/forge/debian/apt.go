package debian

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// apt is an apt of its own: sources, state and cache lie in dir, and of the
// host only the way to the network (proxies, credentials) is used.
type apt struct{ dir string }

// newApt makes an apt in dir for one suite and reads the mirror's lists.
func newApt(ctx context.Context, dir, suite string) (*apt, error) {
	if err := checkHost(); err != nil {
		return nil, err
	}
	mirrors, err := hostMirrors(ctx)
	if err != nil {
		return nil, err
	}
	a := &apt{dir: dir}
	for _, sub := range []string{"etc/sources.list.d", "etc/preferences.d", "etc/apt.conf.d", "state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	files := map[string]string{
		"apt.conf":                          config(dir, hostTransport(ctx)),
		"etc/sources.list.d/debian.sources": sources(suite, mirrors),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := a.run(ctx, "update", "-o", "APT::Update::Error-Mode=any"); err != nil {
		return nil, hint.Wrap(err, hint.Preflight, "DEBIAN_MIRROR", "no package lists from the Debian mirror",
			"Check that a Debian mirror answers (apt-get update), or name another one in the host's apt sources.")
	}
	return a, nil
}

func config(dir, transport string) string {
	return fmt.Sprintf(`Dir %q;
Dir::Etc "etc";
Dir::Etc::main "none";
Dir::Etc::parts "apt.conf.d";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "state";
Dir::State::status "status";
Dir::Cache "cache";
APT::Architecture %q;
APT::Architectures { %q; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
%s`, dir, runtime.GOARCH, runtime.GOARCH, transport)
}

// resolve returns the files of what s needs, name_version_architecture.deb,
// in an order in which they can be unpacked.
func (a *apt) resolve(ctx context.Context, s Spec) ([]string, error) {
	if err := a.assume(s.Assume); err != nil {
		return nil, err
	}
	out, err := a.run(ctx, append([]string{"install", "--print-uris", "-qq"}, s.Packages...)...)
	if err != nil {
		return nil, a.unresolved(s, err)
	}
	files := fileNames(out)
	if len(s.Alone) == 0 {
		return files, nil
	}
	if out, err = a.alone(ctx, s, "--print-uris"); err != nil {
		return nil, a.unresolved(s, err)
	}
	return append(files, fileNames(out)...), nil
}

func (a *apt) unresolved(s Spec, err error) error {
	return hint.Wrap(err, hint.Preflight, "DEBIAN_PACKAGES", fmt.Sprintf("the packages of %s cannot be had from the Debian mirror", s.Name),
		"Check that the mirror carries Debian "+s.Suite+" with its security updates.")
}

// fetch downloads what s needs and returns the folder of the files.
func (a *apt) fetch(ctx context.Context, s Spec) (string, error) {
	archives := filepath.Join(a.dir, "cache/archives")
	if err := a.assume(s.Assume); err != nil {
		return "", err
	}
	_, err := a.run(ctx, append([]string{"install", "--download-only", "--yes", "-qq"}, s.Packages...)...)
	if err == nil && len(s.Alone) > 0 {
		_, err = a.alone(ctx, s)
	}
	if err != nil {
		return "", hint.Wrap(err, hint.Preflight, "DEBIAN_DOWNLOAD", "packages did not arrive from the Debian mirror",
			"Check the network and free disk space, then run it again.")
	}
	return archives, nil
}

// alone lists or downloads packages for themselves, assumed ones as well.
func (a *apt) alone(ctx context.Context, s Spec, options ...string) ([]byte, error) {
	if err := a.assume(nil); err != nil {
		return nil, err
	}
	return a.run(ctx, slices.Concat([]string{"download", "-qq"}, options, s.Alone)...)
}

// assume writes the state of a system on which only packages are installed.
func (a *apt) assume(packages []string) error {
	var status bytes.Buffer
	for _, name := range packages {
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\n"+
			"Version: 9999:0\nProvides: %s-2.0\nMaintainer: nobody\nDescription: assumed\n\n", name, name)
	}
	return os.WriteFile(filepath.Join(a.dir, "state/status"), status.Bytes(), 0o644)
}

// killDelay is how long helpers of a killed program may hold its output open.
const killDelay = 5 * time.Second

func (a *apt) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.WaitDelay = killDelay
	cmd.Dir = filepath.Join(a.dir, "cache/archives") // where "download" puts files
	cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(a.dir, "apt.conf"), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("apt-get %s: %w: %s", args[0], err, complaints(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// complaints keeps apt's errors and drops its warnings.
func complaints(stderr string) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(stderr), "\n") {
		if !strings.HasPrefix(line, "W:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// fileNames returns the second column of apt's list of URIs.
func fileNames(uris []byte) (names []string) {
	scanner := bufio.NewScanner(bytes.NewReader(uris))
	for scanner.Scan() {
		if fields := strings.Fields(scanner.Text()); len(fields) >= 2 && strings.HasSuffix(fields[1], ".deb") {
			names = append(names, fields[1])
		}
	}
	return names
}
