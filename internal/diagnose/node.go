package diagnose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Node is a container of a cluster, which may run or not.
type Node interface {
	// HasKubelet distinguishes a node from a load balancer.
	HasKubelet() bool
	// Running reports whether commands can be run in it.
	Running() bool
	// Output runs a command in it and returns the end of what it prints.
	Output(ctx context.Context, command ...string) ([]byte, error)
	// ReadFile returns a file, of a node that runs or not.
	ReadFile(ctx context.Context, path string) ([]byte, error)
	// Files calls keep with every file below a directory, and the end of its content.
	Files(ctx context.Context, dir string, keep func(name string, content []byte)) error
	// Log is what the container itself has printed, Facts what Docker knows of it.
	Log(ctx context.Context) ([]byte, error)
	Facts(ctx context.Context) ([]byte, error)
}

// journalLines is how much of a journal is asked for.
const journalLines = "20000"

// commands are what is asked in a node that runs. Nodes that kindctl builds have
// no crictl.
var commands = map[string][]string{
	"kubelet.log":      {"journalctl", "--no-pager", "--unit=kubelet", "--lines=" + journalLines},
	"containerd.log":   {"journalctl", "--no-pager", "--unit=containerd", "--lines=" + journalLines},
	"kernel.log":       {"journalctl", "--no-pager", "--dmesg", "--lines=" + journalLines},
	"containers.txt":   {"sh", "-c", "if command -v crictl >/dev/null; then exec crictl ps --all; fi; ctr --namespace k8s.io containers list; ctr --namespace k8s.io tasks list"},
	"images.txt":       {"ctr", "--namespace", "k8s.io", "images", "list"},
	"addresses.txt":    {"ip", "address"},
	"routes.txt":       {"ip", "route", "show", "table", "all"},
	"failed-units.txt": {"systemctl", "--no-pager", "--failed"},
}

// nodeFiles are what is read in a node, also in one that does not run.
var nodeFiles = []string{
	"/kind/kubeadm.conf",
	"/kind/version",
	"/kind/kindctl",
	"/etc/containerd/config.toml",
	"/var/lib/kubelet/config.yaml",
}

// CollectNode writes what a node says of itself, below nodes/NAME. It asks no API
// server; podLogs has it write the logs of the pods as the node has them.
func (b *Bundle) CollectNode(ctx context.Context, name string, node Node, podLogs bool) error {
	place := "nodes/" + name + "/"
	keep := func(file string, content []byte, err error) {
		if len(content) > 0 {
			b.Write(place+file, content)
		}
		b.Problem(place+file, err)
	}
	content, err := node.Log(ctx)
	keep("console.log", content, err)
	content, err = node.Facts(ctx)
	keep("inspect.json", content, err)
	if !node.HasKubelet() {
		return nil
	}
	for _, file := range nodeFiles {
		content, err := node.ReadFile(ctx, file)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		keep(path.Base(file), content, err)
	}
	each := func(below string) func(string, []byte) {
		return func(name string, content []byte) { keep(below+name, content, nil) }
	}
	b.Problem(place+"manifests", node.Files(ctx, "/etc/kubernetes/manifests", each("manifests/")))
	if podLogs {
		b.Problem(place+"pods", node.Files(ctx, "/var/log/pods", func(name string, content []byte) {
			if strings.HasSuffix(name, ".log") { // older ones are packed
				keep("pods/"+name, content, nil)
			}
		}))
	}
	if !node.Running() {
		return fmt.Errorf("node %s does not run, so there are no journals of it", name)
	}
	for file, command := range commands {
		content, err := node.Output(ctx, command...)
		keep(file, content, err)
	}
	return nil
}
