package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// Kindctl is the program that is measured, with a kubeconfig, a pool and snapshots of its own.
type Kindctl struct {
	lab       *Lab
	program   string
	variables []string
}

// Kindctl returns a program that keeps its files in a directory.
func (l *Lab) Kindctl(program, dir string) Kindctl {
	return Kindctl{l, program, []string{"KUBECONFIG=" + filepath.Join(dir, "kubeconfig"), "XDG_DATA_HOME=" + filepath.Join(dir, "data")}}
}

// Spent is what a command took.
type Spent struct {
	// Seconds are those from the start of the command to its end.
	Seconds float64 `json:"seconds"`
	// CPU is what it took in that time.
	CPU compare.CPU `json:"cpuSeconds"`
}

// Measure runs a command, and returns what it took with the nodes of a cluster. Nodes that it
// starts again count from then on.
func (k Kindctl) Measure(ctx context.Context, cluster string, say func(string), words ...string) (s Spent, err error) {
	before, err := k.lab.NodesCPU(ctx, cluster)
	if err != nil {
		return s, err
	}
	used := spent(k.lab.system)
	started := time.Now()
	client, err := k.run(ctx, say, words)
	if err != nil {
		return s, err
	}
	s.Seconds = time.Since(started).Seconds()
	s.CPU.Daemons, s.CPU.Machine = spent(k.lab.system).since(used)
	s.CPU.Client = client.Seconds()
	after, err := k.lab.NodesCPU(ctx, cluster)
	if s.CPU.Nodes = after - before; after < before {
		s.CPU.Nodes = after
	}
	return s, err
}

// Run runs a command. Its output is handed on.
func (k Kindctl) Run(ctx context.Context, say func(string), words ...string) error {
	_, err := k.run(ctx, say, words)
	return err
}

// patienceOfCommand is how long a command may take: several times what the slowest does.
const patienceOfCommand = 15 * time.Minute

func (k Kindctl) run(ctx context.Context, say func(string), words []string) (time.Duration, error) {
	late := hint.New(hint.Timeout, "RUN_TIMEOUT", fmt.Sprintf("%v has not ended after %v", words, patienceOfCommand),
		"run it by hand and look")
	ctx, cancel := context.WithTimeoutCause(ctx, patienceOfCommand, late)
	defer cancel()
	return child(ctx, k.program, append(words, "--progress", "plain"), k.variables, say)
}

// Output runs a command that only looks, and returns what it prints.
func (k Kindctl) Output(ctx context.Context, words ...string) (string, error) {
	command := exec.CommandContext(ctx, k.program, words...)
	command.Env = append(clean(os.Environ()), k.variables...)
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("kindctl %v: %w", words, err)
	}
	return string(out), nil
}

// NodesCPU returns what the nodes of a cluster have used up to now, in seconds; of no cluster
// it is 0.
func (l *Lab) NodesCPU(ctx context.Context, cluster string) (seconds float64, err error) {
	used, err := l.docker.Cluster(cluster).Usage(ctx)
	return used.CPU.Seconds(), err
}
