package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// election is how a control plane component is told to elect a leader.
type election struct {
	off              bool
	namespace, lease string
}

// electionOf reads the component's flags and, where a file of configuration is
// given to it, what it says at /configz. A component that does not tell, elects.
func electionOf(ctx context.Context, t *verify.Target, pod corev1.Pod, component string, port int) election {
	e := election{namespace: verify.SystemNamespace, lease: component}
	if verify.FlagOf(pod, "--config") != "" {
		configuredElection(ctx, t, pod, port, &e)
	}
	if value := verify.FlagOf(pod, "--leader-elect"); value != "" {
		on, err := strconv.ParseBool(value)
		e.off = err == nil && !on
	}
	e.lease = cmp.Or(verify.FlagOf(pod, "--leader-elect-resource-name"), e.lease)
	e.namespace = cmp.Or(verify.FlagOf(pod, "--leader-elect-resource-namespace"), e.namespace)
	return e
}

func configuredElection(ctx context.Context, t *verify.Target, pod corev1.Pod, port int, e *election) {
	ctx, cancel := verify.Answering(ctx)
	defer cancel()
	status, body, err := t.Pods.GetAPIServer(ctx, pod.Namespace, pod.Name, port, "/configz")
	var kinds map[string]struct {
		LeaderElection struct {
			LeaderElect                     *bool
			ResourceName, ResourceNamespace string
		}
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &kinds) != nil {
		return
	}
	for _, kind := range kinds {
		if on := kind.LeaderElection.LeaderElect; on != nil {
			e.off = !*on
			e.lease = cmp.Or(kind.LeaderElection.ResourceName, e.lease)
			e.namespace = cmp.Or(kind.LeaderElection.ResourceNamespace, e.namespace)
		}
	}
}

// leaderless is what is seen of a component that elects no leader. One instance
// needs none; several would all do the same work.
func leaderless(component string, pods []corev1.Pod) (string, error) {
	line := component + " elects no leader, as it is told to, and has one instance; that it works is for the checks that need this one"
	if len(pods) == 1 {
		return line, nil
	}
	var names []string
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return "", verify.Differs("election", "let "+component+" elect a leader: remove --leader-elect=false from its manifest on each control plane",
		fmt.Errorf("%s do the same work, because they elect no leader", strings.Join(names, ", ")))
}
