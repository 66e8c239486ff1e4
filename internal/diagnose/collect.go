package diagnose

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Collect writes nodes.txt, pods.txt, events.txt and the containers' logs, as
// logs/NAMESPACE/POD/CONTAINER.log, into a directory that is there. What cannot
// be had does not keep the rest from being written; it is in the error.
func Collect(ctx context.Context, client kubernetes.Interface, dir string) error {
	var failures []error
	keep := func(err error) {
		if err != nil {
			failures = append(failures, err)
		}
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err == nil {
		err = write(filepath.Join(dir, "nodes.txt"), table(nodesHead, nodes.Items, nodeRow))
	}
	keep(err)
	events, err := client.CoreV1().Events("").List(ctx, metav1.ListOptions{})
	if err == nil {
		slices.SortStableFunc(events.Items, func(a, b corev1.Event) int { return seen(a).Compare(seen(b)) })
		err = write(filepath.Join(dir, "events.txt"), table(eventsHead, events.Items, eventRow))
	}
	keep(err)
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err == nil {
		keep(write(filepath.Join(dir, "pods.txt"), table(podsHead, pods.Items, podRow)))
		err = collectLogs(ctx, client, pods.Items, filepath.Join(dir, "logs"))
	}
	keep(err)
	return errors.Join(failures...)
}

const (
	nodesHead  = "NAME\tREADY\tKUBELET\tADDRESS\tPRESSURE OR REASON"
	podsHead   = "NAMESPACE\tNAME\tNODE\tPHASE\tREADY\tRESTARTS\tREASON"
	eventsHead = "LAST SEEN\tTIMES\tTYPE\tREASON\tOBJECT\tMESSAGE"
)

// table aligns a row for each item beneath a head.
func table[T any](head string, items []T, row func(T) string) []byte {
	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, head)
	for _, item := range items {
		fmt.Fprintln(columns, row(item))
	}
	_ = columns.Flush() // to memory
	return out.Bytes()
}

// nodeRow names, beside readiness, what a node complains of.
func nodeRow(node corev1.Node) string {
	ready, complaint := "Unknown", ""
	for _, c := range node.Status.Conditions {
		switch {
		case c.Type == corev1.NodeReady:
			ready = string(c.Status)
			if c.Status != corev1.ConditionTrue {
				complaint += c.Message + " "
			}
		case c.Status == corev1.ConditionTrue: // every other condition is bad news
			complaint += string(c.Type) + " "
		}
	}
	address := ""
	for _, a := range node.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			address = cmp.Or(address, a.Address)
		}
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", node.Name, ready, node.Status.NodeInfo.KubeletVersion, address, oneLine(complaint))
}

func podRow(pod corev1.Pod) string {
	reason := ""
	if !Ready(pod) {
		reason = Reason(pod)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%t\t%d\t%s", pod.Namespace, pod.Name, pod.Spec.NodeName, pod.Status.Phase, Ready(pod), Restarts(pod), oneLine(reason))
}

func eventRow(e corev1.Event) string {
	object := fmt.Sprintf("%s %s/%s", e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
	return fmt.Sprintf("%s\t%d\t%s\t%s\t%s\t%s", seen(e).UTC().Format(time.RFC3339), max(e.Count, 1), e.Type, e.Reason, object, oneLine(e.Message))
}

// seen is when an event happened last: new ones have a time of their own, and
// a series' old ones count.
func seen(e corev1.Event) time.Time {
	for _, t := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time, e.FirstTimestamp.Time} {
		if !t.IsZero() {
			return t
		}
	}
	return e.CreationTimestamp.Time
}

func oneLine(text string) string { return string(bytes.Join(bytes.Fields([]byte(text)), []byte(" "))) }

// write writes a file that only its owner reads, without credentials.
func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, Redact(content), 0o600)
}
