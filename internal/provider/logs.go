package provider

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// Files calls keep with every regular file below a directory, by its name there,
// and the end of its content.
func (n *Node) Files(ctx context.Context, dir string, keep func(name string, content []byte)) error {
	copied, err := n.docker.api.CopyFromContainer(ctx, n.Name, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	defer copied.Content.Close()
	for archive := tar.NewReader(copied.Content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", dir, err)
		}
		name := strings.TrimPrefix(path.Clean(header.Name), path.Base(dir)+"/")
		if header.Typeflag != tar.TypeReg || !fs.ValidPath(name) {
			continue
		}
		var content tail
		if _, err := io.Copy(&content, archive); err != nil { //nolint:gosec // content keeps the end alone
			return fmt.Errorf("read %s: %w", dir, err)
		}
		keep(name, content.Bytes())
	}
}

// logLines is how much of a container's log is read.
const logLines = 20000

// Log is the end of what the container itself has printed.
func (n *Node) Log(ctx context.Context) ([]byte, error) {
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: strconv.Itoa(logLines)}
	log, err := n.docker.api.ContainerLogs(ctx, n.Name, options)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", n.Name, err)
	}
	defer log.Close()
	var out tail // kind gives its containers a terminal, so that there is one stream
	_, err = io.Copy(&out, log)
	return out.Bytes(), err
}

// Facts are what Docker knows of the container, as JSON.
func (n *Node) Facts(ctx context.Context) ([]byte, error) {
	inspected, err := n.inspect(ctx)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(inspected, "", "  ")
}

// podLogs is where the kubelet has the logs of containers, also of those that have
// ended: NAMESPACE_POD_UID/CONTAINER/RESTART.log (Kubernetes v1.37,
// pkg/kubelet/kuberuntime/helpers.go).
const podLogs = "/var/log/pods"

// controlPlaneComponents are the static pods of a control plane, those first that others
// wait for.
var controlPlaneComponents = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}

// LastErrors returns what the kubelets and the components of a cluster's control planes
// printed last before they ended by themselves, a line for each: "kube-apiserver in
// lab-control-plane: unknown flag: --insecure-port". It is best effort, for an error
// that is there.
func (c Cluster) LastErrors(ctx context.Context) (messages []string) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil
	}
	for _, n := range nodes {
		if !n.HasKubelet() {
			continue
		}
		if last := n.kubeletsLastError(ctx); last != "" {
			messages = append(messages, "kubelet in "+n.Name+": "+last)
		}
		if n.Role == constants.WorkerNodeRoleValue {
			continue
		}
		logs, err := n.tree(ctx, podLogs)
		if err != nil {
			continue
		}
		for _, component := range controlPlaneComponents {
			if last := lastErrorIn(component, logs); last != "" {
				messages = append(messages, component+" in "+n.Name+": "+last)
			}
		}
	}
	return messages
}

// kubeletsLastError is the exitReason with which a node's kubelet ended, "" when it has
// not, or was never begun.
func (n *Node) kubeletsLastError(ctx context.Context) string {
	state, err := n.Output(ctx, "systemctl", "show", "kubelet", "--property=NRestarts", "--value")
	if restarts, convErr := strconv.Atoi(strings.TrimSpace(string(state))); err != nil || convErr != nil || restarts == 0 {
		return ""
	}
	journal, err := n.Output(ctx, "journalctl", "--unit=kubelet", "--output=cat", "--no-pager", "--lines="+strconv.Itoa(freshLines))
	if err != nil {
		return ""
	}
	return exitReason(strings.Lines(string(journal)))
}

// freshLines are fewer than any component prints that has been at work for a while: a
// log as short as that may be of a process that is about to end like the one before.
const freshLines = 50

// lastErrorIn is the exitReason with which a component ended, "" when it has not.
func lastErrorIn(component string, logs map[string]entry) string {
	runs := map[int][]byte{}
	for name, log := range logs {
		folder, file := path.Split(name)
		number, err := strconv.Atoi(strings.TrimSuffix(file, ".log"))
		if err == nil && path.Base(folder) == component && strings.HasPrefix(name, podLogs+"/kube-system_"+component+"-") {
			runs[number] = log.content
		}
	}
	numbers := slices.Sorted(maps.Keys(runs))
	for _, number := range slices.Backward(numbers) {
		if last := exitReason(withoutPrefix(runs[number])); last != "" || bytes.Count(runs[number], []byte("\n")) >= freshLines {
			return last
		}
	}
	return ""
}

// The ways in which Kubernetes' components and etcd say why they end: cobra's and
// component-base's "Error:" and "command failed" (k8s.io/component-base/cli/run.go), a
// panic, klog's fatal lines and zap's.
var exitReasons = []*regexp.Regexp{
	regexp.MustCompile(`^Error: (.+)`),
	regexp.MustCompile(`"command failed" err=(.+)`),
	regexp.MustCompile(`^(?:F\d{4} .*?\] )(.+)`),
	regexp.MustCompile(`^panic: (.+)`),
	regexp.MustCompile(`"level":"fatal".*?"msg":"(.+?)"`),
	regexp.MustCompile(`^(error verifying flags.+|flag provided but not defined.+)`),
}

// errorWidth bounds a exitReason: some name every flag that there is.
const errorWidth = 300

// exitReason is the last of the lines that says why their process ended.
func exitReason(lines iter.Seq[string]) (last string) {
	for line := range lines {
		line = strings.TrimRight(line, "\n")
		if !readable(line) {
			continue
		}
		for _, pattern := range exitReasons {
			if found := pattern.FindStringSubmatch(line); found != nil {
				last = strings.Trim(found[1], `" `)
			}
		}
	}
	if runes := []rune(last); len(runes) > errorWidth {
		last = string(runes[:errorWidth]) + "..."
	}
	return last
}

// withoutPrefix are the lines of a container's log without the time, the stream and the tag
// that container runtimes put in front.
func withoutPrefix(log []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(string(log)) {
			if fields := strings.SplitN(line, " ", 4); len(fields) == 4 && !yield(fields[3]) {
				return
			}
		}
	}
}
