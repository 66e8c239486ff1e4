package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func kubeletChecks() []verify.Check {
	return []verify.Check{{
		ID: "kubelet.work", Nodes: verify.AllNodes, Group: groupNode, Title: "Every kubelet starts containers, runs commands in them, and serves their logs",
		Proves: "Starts a pod on the host network of every node, which needs no CNI, runs a command in it, sends it a request, and finds the request in its log. A node can be Ready and fail at all of these.",
		Hint:   "look at the node named: kubectl describe node NODE; on the node: journalctl -u kubelet, journalctl -u containerd",
		Needs:  []string{"api.ready", "kcm.leader", "kubelet.alive"},
		Rights: verify.JoinRights(probe.RightsOfFleet, []string{"get pods/log"}),
		Slow:   true, Timeout: 60 * time.Second, Run: kubeletsWork,
	}}
}

// firstAnswer is how long a program may take to answer once its container has
// started, and what it says to come into its log.
const firstAnswer = 2 * time.Second

// kubeletsWork also has the pods of other checks created, which start while those
// of the nodes are looked at.
func kubeletsWork(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if err := probe.Of(t).Fleet.Start(ctx); err != nil {
		return nil, err
	}
	t.Prefetch(ctx, false)
	probes, err := probe.Of(t).Hosts.Ready(ctx)
	if err != nil {
		return nil, err
	}
	t.Prefetch(ctx, true)
	return verify.Evaluated(verify.Each(probes, probe.Probe.NodeName, func(p probe.Probe) (string, error) {
		ctx, cancel := verify.Answering(ctx)
		defer cancel()
		err := runsCommands(ctx, t, p)
		if err == nil {
			err = verify.Within(ctx, firstAnswer, func() error { return keepsLogs(ctx, t, p) })
		}
		if err != nil {
			return "", verify.OnNode(p.Node, fmt.Errorf("%s: %w", p.Name, err))
		}
		return p.Node + ": started a pod, ran a command in it, found a request in its log", nil
	}))
}

// runsCommands has a word repeated by a command in the pod.
func runsCommands(ctx context.Context, t *verify.Target, p probe.Probe) error {
	word := "word-" + t.RunID
	out, err := t.Pods.Exec(ctx, p.PodRef, "echo", word)
	if err != nil {
		return fmt.Errorf("run a command: %w", err)
	}
	if !strings.Contains(out, word) {
		return fmt.Errorf("a command printed %q, not %q", out, word)
	}
	return nil
}

// keepsLogs sends a request that the pod writes into its log.
func keepsLogs(ctx context.Context, t *verify.Target, p probe.Probe) error {
	word := "log-" + t.RunID
	status, body, err := t.Pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, "/echo?msg="+word)
	if err != nil {
		return fmt.Errorf("send a request: %w", err)
	}
	if status != http.StatusOK || !strings.Contains(string(body), word) {
		return fmt.Errorf("a request was answered with %d: %q", status, body)
	}
	log, err := t.Pods.Logs(ctx, p.PodRef)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if !strings.Contains(log, word) {
		return errors.New("the log lacks the request")
	}
	return nil
}
