package debian

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

// keyring holds the keys that Debian signs its releases with; it comes with
// the package debian-archive-keyring.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// checkHost makes sure that Debian's package tools and keys are there.
func checkHost() error {
	for _, need := range []struct{ tool, pkg string }{{"apt-get", "apt"}, {"apt-config", "apt"}, {"dpkg-deb", "dpkg"}} {
		if _, err := exec.LookPath(need.tool); err != nil {
			return hint.Wrap(err, hint.Preflight, "DEBIAN_TOOLS", "file systems are made with Debian's package tools",
				fmt.Sprintf("Install the package %s (Debian and Ubuntu have it; elsewhere build on a Debian machine, or use --images registry).", need.pkg))
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return hint.Wrap(err, hint.Preflight, "DEBIAN_KEYRING", "the keys that Debian's packages are verified with are missing",
			"Run: apt-get install debian-archive-keyring")
	}
	return nil
}

// mirrors are the bases of the archive's URLs; security is empty where the host
// does without it.
type mirrors struct{ main, security string }

// hostMirrors returns the mirrors that the host's apt uses for Debian.
func hostMirrors(ctx context.Context) (mirrors, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets",
		"--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages").Output()
	found := mirrorsOf(out)
	if found.main == "" {
		return mirrors{}, hint.Wrap(err, hint.Preflight, "DEBIAN_MIRROR", "apt on this host knows no mirror of Debian, whose packages node images are made of",
			"Run apt-get update; where the system is not Debian, add a mirror of Debian to apt's sources, pinned below its own, or use --images registry.")
	}
	return found, nil
}

func mirrorsOf(targets []byte) (found mirrors) {
	scanner := bufio.NewScanner(bytes.NewReader(targets))
	for scanner.Scan() {
		label, uri, _ := strings.Cut(scanner.Text(), " ")
		if !strings.HasPrefix(uri, "http") {
			continue // a CD or a folder may not hold the other suites
		}
		switch label {
		case "Debian":
			found.main = uri
		case "Debian-Security":
			found.security = uri
		}
	}
	return found
}

// sources returns apt's list of sources for a suite and its updates.
func sources(suite string, m mirrors) string {
	const entry = "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n"
	list := fmt.Sprintf(entry, m.main, suite+" "+suite+"-updates", keyring)
	if m.security != "" {
		list += fmt.Sprintf(entry, m.security, suite+"-security", keyring)
	}
	return list
}

// hostTransport returns the host's apt settings of how to reach the network.
func hostTransport(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		return ""
	}
	var kept strings.Builder
	scanner := bufio.NewScanner(bytes.NewReader(out))
	for scanner.Scan() {
		line := scanner.Text()
		if strings.HasPrefix(line, "Acquire::http") || strings.HasPrefix(line, "Acquire::Check-") {
			fmt.Fprintln(&kept, line)
		}
	}
	return kept.String()
}
