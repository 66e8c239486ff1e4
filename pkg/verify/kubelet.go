package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func kubeletChecks() []Check {
	return []Check{{
		ID: "kubelet.work", Nodes: AllNodes, Group: groupNode, Title: "Every kubelet starts containers, runs commands in them, and serves their logs",
		Proves: "A new pod on the node's own network, which takes no CNI, is started on every node; a command is run in it, a request sent to it, and the request found in its log. A node can be Ready and do none of this.",
		Hint:   "look at the node named: kubectl describe node NODE; on the node: journalctl -u kubelet, journalctl -u containerd",
		Needs:  []string{"api.ready", "kcm.leader", "kubelet.alive"},
		Rights: rights(RightsOfFleet, []string{"get pods/log"}),
		Slow:   true, Timeout: 60 * time.Second, Run: kubeletsWork,
	}}
}

// firstAnswer is how long a program may take to answer once its container has
// started, and what it says to come into its log.
const firstAnswer = 2 * time.Second

// kubeletsWork also has the pods of other checks created, which start while those
// of the nodes are looked at.
func kubeletsWork(ctx context.Context, t *Target) (Evidence, error) {
	if err := t.Fleet.Start(ctx); err != nil {
		return nil, err
	}
	t.prepare(ctx, false)
	probes, err := t.Hosts.Ready(ctx)
	if err != nil {
		return nil, err
	}
	t.prepare(ctx, true)
	return Judged(Each(probes, Probe.onNode, func(probe Probe) (string, error) {
		ctx, cancel := answering(ctx)
		defer cancel()
		err := t.runsCommands(ctx, probe)
		if err == nil {
			err = within(ctx, firstAnswer, func() error { return t.keepsLogs(ctx, probe) })
		}
		if err != nil {
			return "", OnNode(probe.Node, fmt.Errorf("%s: %w", probe.Name, err))
		}
		return probe.Node + ": started a pod, ran a command in it, found a request in its log", nil
	}))
}

// prepare calls the functions Ahead of the checks that want it now. What is wrong with
// their objects is for those to say who wait for them.
func (t *Target) prepare(ctx context.Context, afterHosts bool) {
	for _, check := range t.ahead {
		if check.AfterHosts == afterHosts {
			_ = check.Ahead(ctx, t)
		}
	}
}

// runsCommands has a word repeated by a command in the pod.
func (t *Target) runsCommands(ctx context.Context, probe Probe) error {
	word := "word-" + t.RunID
	out, err := t.Pods.Exec(ctx, probe.PodRef, "echo", word)
	if err != nil {
		return fmt.Errorf("run a command: %w", err)
	}
	if !strings.Contains(out, word) {
		return fmt.Errorf("a command printed %q, not %q", out, word)
	}
	return nil
}

// keepsLogs sends a request that the pod writes into its log.
func (t *Target) keepsLogs(ctx context.Context, probe Probe) error {
	word := "log-" + t.RunID
	status, body, err := t.Pods.GetPod(ctx, probe.Namespace, probe.Name, probe.HTTPPort, "/echo?msg="+word)
	if err != nil {
		return fmt.Errorf("send a request: %w", err)
	}
	if status != http.StatusOK || !strings.Contains(string(body), word) {
		return fmt.Errorf("a request was answered with %d: %q", status, body)
	}
	log, err := t.Pods.Logs(ctx, probe.PodRef)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if !strings.Contains(log, word) {
		return errors.New("the log lacks the request")
	}
	return nil
}
