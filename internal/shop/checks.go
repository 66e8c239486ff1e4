package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

const group = "shop"

// timeout is for a rollout that is under way.
const timeout = 20 * time.Second

// Checks returns the checks of the shop, for clusters that have it.
func Checks() []verify.Check {
	rights := []string{"list pods@shop", "create,get pods/portforward@shop"}
	return []verify.Check{
		{
			ID: "shop.ready", Group: group, Title: "The shop's pods are all ready, in their newest version",
			Proves: "The DaemonSet front and the Deployments back and orders must have rolled out: as many pods of the newest version are available as are wanted. Old pods that still serve while new ones cannot start would hide that.",
			Hint:   "look at the pods that are not ready, and at their events: kubectl -n shop get pods; kubectl -n shop describe pods",
			Needs:  []string{"kubelet.work", "sched.place", "kcm.reconcile", "net.pods"},
			Rights: []string{"list daemonsets.apps@shop", "list deployments.apps@shop", "list pods@shop"}, Slow: true, Timeout: timeout, Run: ready,
		},
		{
			ID: "shop.dns", Group: group, Title: "Each front finds the name of the back",
			Proves: "Each front pod, one on every node, asks for http://back by its short name. Whether it is answered is for shop.back; here the name must be found.",
			Hint:   "see what a front pod asks for names, and how: kubectl -n shop exec ds/front -- cat /etc/resolv.conf; kubectl -n shop get services",
			Needs:  []string{"shop.ready", "dns.records", "dns.search"}, Rights: rights, Slow: true, Timeout: timeout, Run: names,
		},
		{
			ID: "shop.back", Group: group, Title: "Each front is answered by the back, through its Service",
			Proves: "Each front pod must get an answer from the Service back. Selector, ports, endpoints, the rules of each node and the NetworkPolicy all have to be right for that.",
			Hint:   "go from the Service to its endpoints and pods, and then look at the policy: kubectl -n shop get services,endpointslices,networkpolicies -o wide",
			Needs:  []string{"shop.dns", "svc.clusterip", "netpol.allow"}, Rights: rights, Slow: true, Timeout: timeout, Run: answers,
		},
		{
			ID: "shop.spread", Group: group, Title: "Each front is answered by both pods of the back",
			Proves: fmt.Sprintf("In %d connections from each front pod, both pods of the back must answer. One that never does would get by unnoticed.", spreadTries),
			Hint:   "compare the Service's settings with its rules on the node named: kubectl -n shop get service back -o yaml",
			Needs:  []string{"shop.back", "svc.spread"}, Rights: rights, Slow: true, Timeout: timeout, Run: spread,
		},
		{
			ID: "shop.policy", Group: group, Title: "No one but the front reaches the back",
			Proves: "The orders pod asks each pod of the back by its address, and must get no answer before its time is over.",
			Hint:   "read what the policy selects and allows: kubectl -n shop describe networkpolicies",
			Needs:  []string{"shop.ready", "netpol.deny"}, Rights: rights, Slow: true, Timeout: timeout, Run: denied, Skip: unenforced,
		},
		{
			ID: "shop.orders", Group: group, Title: "Orders are kept in the volume",
			Proves: "A file is written into the volume of the orders pod, read, and removed.",
			Hint:   "look at the claim and at how the pod mounts it: kubectl -n shop get pvc; kubectl -n shop describe deployment orders",
			Needs:  []string{"shop.ready", "store.claim"}, Rights: []string{"list pods@shop", "create,get pods/exec@shop"}, Slow: true, Timeout: timeout, Run: kept,
		},
	}
}

// unenforced is why policies are not tried.
func unenforced(t *verify.Target) string {
	if t.Expect.CNI == verify.NoCNI {
		return "the cluster has no CNI that is known to enforce policies"
	}
	return ""
}

// ready compares what has rolled out with what is wanted.
func ready(ctx context.Context, t *verify.Target) (evidence verify.Evidence, err error) {
	apps := t.Kube.Clientset.AppsV1()
	agents, err := apps.DaemonSets(Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list DaemonSets: %w", err)
	}
	deployments, err := apps.Deployments(Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	var problems []error
	seen := map[string]bool{}
	count := func(name string, observed bool, updated, available, want int32) {
		seen[name] = true
		if !observed || updated != want || available != want || want == 0 {
			problems = append(problems, fmt.Errorf("%s: of %d pods, %d are of the newest version and %d are available", name, want, updated, available))
			return
		}
		evidence = append(evidence, fmt.Sprintf("%s: %d of %d pods are available", name, available, want))
	}
	for _, d := range agents.Items {
		s := d.Status
		count(d.Name, s.ObservedGeneration >= d.Generation, s.UpdatedNumberScheduled, s.NumberAvailable, s.DesiredNumberScheduled)
	}
	for _, d := range deployments.Items {
		count(d.Name, d.Status.ObservedGeneration >= d.Generation, d.Status.UpdatedReplicas, d.Status.AvailableReplicas, *d.Spec.Replicas)
	}
	for _, name := range []string{"front", "back", "orders"} {
		if !seen[name] {
			problems = append(problems, fmt.Errorf("%s is gone", name))
		}
	}
	pods, err := t.Kube.Clientset.CoreV1().Pods(Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	for i := range pods.Items {
		if why := verify.PodNotReady(&pods.Items[i]); why != "" && len(problems) > 0 {
			problems = append(problems, fmt.Errorf("%s: %s", pods.Items[i].Name, why))
		}
	}
	return evidence, errors.Join(problems...)
}

// pods returns those of the shop with a label that run.
func pods(ctx context.Context, t *verify.Target, app string) ([]corev1.Pod, error) {
	found, err := t.Kube.Clientset.CoreV1().Pods(Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	running := slices.DeleteFunc(found.Items, func(p corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning
	})
	if len(running) == 0 {
		return nil, fmt.Errorf("no pod of %s runs", app)
	}
	return running, nil
}

// dialed is what agnhost's netexec says of the connections that it was asked to open.
type dialed struct {
	Responses []string `json:"responses"`
	Errors    []string `json:"errors"`
}

// dial has a pod ask a host for its name, so many times.
func dial(ctx context.Context, t *verify.Target, from corev1.Pod, host string, port, tries int) (d dialed, err error) {
	query := url.Values{
		"host": {host}, "port": {strconv.Itoa(port)}, "protocol": {"http"}, "request": {"hostname"}, "tries": {strconv.Itoa(tries)},
	}
	status, body, err := t.Pods.GetPod(ctx, Namespace, from.Name, 8080, "/dial?"+query.Encode())
	if err != nil {
		return d, fmt.Errorf("ask %s on %s: %w", from.Name, from.Spec.NodeName, err)
	}
	if status != 200 || json.Unmarshal(body, &d) != nil {
		return d, fmt.Errorf("ask %s on %s: it answers %d: %s", from.Name, from.Spec.NodeName, status, body)
	}
	return d, nil
}

// fromEach has each front ask the back, at the same time, and looks at what comes.
func fromEach(ctx context.Context, t *verify.Target, tries int, look func(dialed) (string, error)) (evidence verify.Evidence, err error) {
	fronts, err := pods(ctx, t, "front")
	if err != nil {
		return nil, err
	}
	type outcome struct {
		seen string
		err  error
	}
	outcomes := make([]outcome, len(fronts))
	done := make(chan struct{})
	for i, from := range fronts {
		go func() {
			defer func() { done <- struct{}{} }()
			d, err := dial(ctx, t, from, "back", 80, tries)
			if err == nil {
				outcomes[i].seen, err = look(d)
			}
			if err != nil {
				outcomes[i].err = fmt.Errorf("front %s on %s: %w", from.Name, from.Spec.NodeName, err)
			}
		}()
	}
	for range fronts {
		<-done
	}
	var problems []error
	for i, o := range outcomes {
		problems = append(problems, o.err)
		evidence = append(evidence, fmt.Sprintf("front on %s: %s", fronts[i].Spec.NodeName, o.seen))
	}
	return evidence, errors.Join(problems...)
}

func names(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return fromEach(ctx, t, 1, func(d dialed) (string, error) {
		for _, problem := range d.Errors {
			if strings.Contains(problem, "lookup ") {
				return "", errors.New(problem)
			}
		}
		return "back is found", nil
	})
}

func answers(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return fromEach(ctx, t, 1, func(d dialed) (string, error) {
		if len(d.Responses) == 0 {
			return "", fmt.Errorf("http://back does not answer: %s", strings.Join(d.Errors, "; "))
		}
		return d.Responses[0] + " answers", nil
	})
}

// spreadTries is so many that one of two equal pods is left out once in four billion times.
const spreadTries = 32

func spread(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	backs, err := pods(ctx, t, "back")
	if err != nil {
		return nil, err
	}
	return fromEach(ctx, t, spreadTries, func(d dialed) (string, error) {
		var silent []string
		for _, back := range backs {
			if !slices.Contains(d.Responses, back.Name) {
				silent = append(silent, back.Name)
			}
		}
		if len(silent) > 0 {
			return "", fmt.Errorf("%s never answered in %d connections", strings.Join(silent, ", "), spreadTries)
		}
		return fmt.Sprintf("%d pods answer", len(backs)), nil
	})
}

func denied(ctx context.Context, t *verify.Target) (evidence verify.Evidence, err error) {
	orders, err := pods(ctx, t, "orders")
	if err != nil {
		return nil, err
	}
	backs, err := pods(ctx, t, "back")
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, back := range backs {
		d, err := dial(ctx, t, orders[0], back.Status.PodIP, 8080, 1)
		switch {
		case err != nil:
			problems = append(problems, err)
		case len(d.Responses) > 0:
			problems = append(problems, fmt.Errorf("%s reaches %s (%s), which is for the front alone", orders[0].Name, back.Name, back.Status.PodIP))
		case !strings.Contains(strings.Join(d.Errors, " "), "timeout") && !strings.Contains(strings.Join(d.Errors, " "), "exceeded"):
			problems = append(problems, fmt.Errorf("%s is refused by %s, where a policy drops: %s", orders[0].Name, back.Name, strings.Join(d.Errors, "; ")))
		default:
			evidence = append(evidence, fmt.Sprintf("%s gets no answer from %s", orders[0].Name, back.Name))
		}
	}
	return evidence, errors.Join(problems...)
}

func kept(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	found, err := pods(ctx, t, "orders")
	if err != nil {
		return nil, err
	}
	file := "/orders/" + t.RunID
	out, err := t.Pods.Exec(ctx, kube.PodRef{Namespace: Namespace, Name: found[0].Name}, "/bin/sh", "-c",
		fmt.Sprintf("echo %s > %s && cat %[2]s && rm %[2]s", t.RunID, file))
	if err != nil {
		return nil, fmt.Errorf("write into the volume of %s: %w", found[0].Name, err)
	}
	if strings.TrimSpace(out) != t.RunID {
		return nil, fmt.Errorf("the volume of %s returns %q, and %q was written", found[0].Name, out, t.RunID)
	}
	return verify.Evidence{"a file in the volume of " + found[0].Name + " was written and read"}, nil
}
