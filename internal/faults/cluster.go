package faults

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kindctl/kindctl/pkg/verify"
)

// Cluster is one that is broken and healed, by scripts in its nodes.
type Cluster struct {
	Expect verify.Expectation
	// ControlPlane is the first control plane, Worker the first worker and Other the second
	// one; where there are fewer, the last of these stands for those that are missing.
	ControlPlane, Worker, Other string

	run Run
}

// Run runs a script of bash in a node, with an input, and returns its standard output. A
// script that fails is an error with what it said.
type Run func(ctx context.Context, node, input, script string) (string, error)

// NewCluster returns the cluster of some nodes, which there must be one of at least; the
// first one is a control plane.
func NewCluster(expect verify.Expectation, controlPlane string, workers []string, run Run) *Cluster {
	c := &Cluster{Expect: expect, ControlPlane: controlPlane, Worker: controlPlane, Other: controlPlane, run: run}
	if len(workers) > 0 {
		c.Worker, c.Other = workers[0], workers[0]
	}
	if len(workers) > 1 {
		c.Other = workers[1]
	}
	return c
}

// The nodes that are broken.
var (
	onControlPlane = func(c *Cluster) string { return c.ControlPlane }
	onWorker       = func(c *Cluster) string { return c.Worker }
	onOther        = func(c *Cluster) string { return c.Other }
)

// kubectl is the command as it is run on the control plane.
const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"

// exec runs a script in a node.
func (c *Cluster) exec(ctx context.Context, node, script string) (string, error) {
	out, err := c.run(ctx, node, "", script)
	return strings.TrimSpace(out), err
}

// kubectl runs kubectl on the control plane; the arguments go through a shell.
func (c *Cluster) kubectl(ctx context.Context, args string) (string, error) {
	return c.exec(ctx, c.ControlPlane, kubectl+" "+args)
}

// apply sends a manifest to the API server, and takes over fields that others own.
func (c *Cluster) apply(ctx context.Context, manifest string) error {
	_, err := c.run(ctx, c.ControlPlane, manifest, kubectl+" apply --server-side --force-conflicts -f -")
	return err
}

// remove deletes the objects of a manifest. Some may be gone already.
func (c *Cluster) remove(ctx context.Context, manifest string) error {
	_, err := c.run(ctx, c.ControlPlane, manifest, kubectl+" delete --ignore-not-found -f -")
	return err
}

// write replaces a file in a node, at once.
func (c *Cluster) write(ctx context.Context, node, file, content string) error {
	_, err := c.run(ctx, node, content, fmt.Sprintf("umask 077 && cat > %s/.new && mv %[1]s/.new %s", path.Dir(file), file))
	return err
}

// fill puts the names of the nodes into a text.
func (c *Cluster) fill(text string) string {
	return strings.NewReplacer("CONTROLPLANE", c.ControlPlane, "WORKER2", c.Other, "WORKER", c.Worker).Replace(text)
}

// interval is how often something is looked at that kubectl cannot watch.
const interval = 500 * time.Millisecond

// until tries until it works, and returns the last error when the time is over.
func until(ctx context.Context, limit time.Duration, try func(context.Context) error) (last error) {
	err := wait.PollUntilContextTimeout(ctx, interval, limit, true, func(ctx context.Context) (bool, error) {
		err := try(ctx)
		if err != nil && ctx.Err() == nil || last == nil {
			last = err
		}
		return err == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("not within %s: %w", limit, last)
}

// succeeds waits until a script in a node succeeds.
func (c *Cluster) succeeds(ctx context.Context, limit time.Duration, node, script string) error {
	return until(ctx, limit, func(ctx context.Context) error {
		_, err := c.exec(ctx, node, script)
		return err
	})
}

// elected waits until the scheduler and the controller manager renew their leases, which
// they lose with the API server or etcd.
func (c *Cluster) elected(ctx context.Context) error {
	const leases = kubectl + ` -n kube-system get lease kube-scheduler kube-controller-manager -o jsonpath="{.items[*].spec.renewTime}"`
	return c.succeeds(ctx, 2*time.Minute, c.ControlPlane,
		"set -- $("+leases+"); sleep 3; set -- $* $("+leases+"); test $# = 4 && test $1 != $3 && test $2 != $4")
}

// Settled waits until all nodes and all pods of the system are ready.
func (c *Cluster) Settled(ctx context.Context) error {
	return c.succeeds(ctx, 3*time.Minute, c.ControlPlane,
		kubectl+" wait --for=condition=Ready nodes --all --timeout=60s && "+kubectl+" -n kube-system wait --for=condition=Ready pods --all --timeout=60s")
}
