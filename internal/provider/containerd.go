package provider

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Containerd is what containerd of a node is configured with.
type Containerd struct {
	// Dump is what "containerd config dump" prints, in TOML, and Refusal what it says in
	// place of that.
	Dump, Refusal string
	// Started is when the process was started that runs.
	Started time.Time
	// Changed is when the files of its configuration were changed last, by path.
	Changed map[string]time.Time
	// Files are the contents of other files that were asked for and are there, by path.
	Files map[string]string
}

// Containerd reads with one command what the node's containerd is configured with, and
// the given files.
func (n *Node) Containerd(ctx context.Context, files []string) (Containerd, error) {
	var out, problems bytes.Buffer
	command := []string{"/bin/sh", "-c", containerdScript(files)}
	code, err := n.exec(ctx, nil, &out, &problems, command)
	if err == nil && code != 0 {
		err = n.failure(command, code, problems.String())
	}
	if err != nil {
		if ctx.Err() != nil {
			return Containerd{}, context.Cause(ctx)
		}
		return Containerd{}, fmt.Errorf("read the configuration of containerd in %s: %w", n.Name, err)
	}
	return containerdOf(sections(out.String()), problems.String(), files)
}

// startedLayout is how systemd writes the time that containerdScript asks for.
const startedLayout = "Mon 2006-01-02 15:04:05.999999 MST"

// containerdScript prints a section for each thing. A file counts as changed when its
// inode was: a copy may keep the older time of its content. Imports may be relative.
func containerdScript(files []string) string {
	var script strings.Builder
	fmt.Fprintf(&script, `cd /etc/containerd || exit 1
if dump=$(containerd config dump); then
  %s
  printf '%%s\n' "$dump"
fi
%s
systemctl show --property=ExecMainStartTimestamp --value --timestamp=us+utc containerd
%s
imports=$(printf '%%s\n' "$dump" | sed -n 's/^imports = \[\(.*\)\]$/\1/p' | tr -d "\"',")
for file in /etc/containerd/config.toml $imports; do
  test ! -e "$file" || stat --format='%%.9Z %%n' "$(readlink -f "$file")"
done
`, mark("dump"), mark("started"), mark("changed"))
	for i, file := range files {
		name := quoted([]string{file})
		fmt.Fprintf(&script, "if test -f%s; then %s; cat%s; fi\n", name, mark(strconv.Itoa(i)), name)
	}
	return script.String() + "true\n"
}

func containerdOf(sections map[string]string, problems string, files []string) (found Containerd, err error) {
	found = Containerd{Dump: sections["dump"], Changed: map[string]time.Time{}, Files: map[string]string{}}
	if found.Dump == "" {
		found.Refusal = lastLine(problems)
	}
	if found.Started, err = time.Parse(startedLayout, strings.TrimSpace(sections["started"])); err != nil {
		return found, fmt.Errorf("when containerd was started is not known: %w", err)
	}
	for line := range strings.Lines(sections["changed"]) {
		seconds, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		whole, fraction, _ := strings.Cut(seconds, ".")
		second, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return found, fmt.Errorf("when %s was changed is not known: %w", file, err)
		}
		nanosecond, err := strconv.ParseInt(fraction, 10, 64)
		if err != nil {
			return found, fmt.Errorf("when %s was changed is not known: %w", file, err)
		}
		found.Changed[file] = time.Unix(second, nanosecond)
	}
	for i, file := range files {
		if content, there := sections[strconv.Itoa(i)]; there {
			found.Files[file] = content
		}
	}
	return found, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}
