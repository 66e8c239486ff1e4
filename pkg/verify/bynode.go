package verify

import (
	"errors"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Scope says which nodes a check judges one by one.
type Scope string

// The scopes. A check of the whole cluster gives no node a verdict.
const (
	WholeCluster  Scope = ""
	AllNodes      Scope = "nodes"
	ControlPlanes Scope = "control planes"
)

// NodeResult is the verdict on one node.
type NodeResult struct {
	// Node is empty for what is wrong on no node in particular.
	Node    string  `json:"node,omitempty"`
	Outcome Outcome `json:"outcome"`
	Cause   string  `json:"cause,omitempty"` // set unless the node passed
}

// OnNode says on which node something is wrong. The text of the error stays as
// it is; a nil error stays nil.
func OnNode(node string, err error) error {
	if err == nil || node == "" {
		return err
	}
	return nodeError{node, err}
}

type nodeError struct {
	node string
	error
}

func (e nodeError) Unwrap() error { return e.error }

// Judged says that a check has judged all of its nodes: those which no error
// names have passed. Without it nothing is known of them once the check fails.
func Judged(evidence Evidence, err error) (Evidence, error) {
	if err != nil {
		err = judgedError{err}
	}
	return evidence, err
}

type judgedError struct{ error }

func (e judgedError) Unwrap() error { return e.error }

// nodeOf is the node that an item is or is on, or "".
func nodeOf(item any) string {
	switch item := item.(type) {
	case corev1.Node:
		return item.Name
	case corev1.Pod:
		return item.Spec.NodeName
	case Probe:
		return item.Node
	case seat:
		return item.node
	case endpoint:
		return item.pod.Spec.NodeName
	}
	return ""
}

// inScope names the nodes that the cluster had when they were listed last.
func (t *Target) inScope(scope Scope) (names []string) {
	listed := t.listed.Load()
	if scope == WholeCluster || listed == nil {
		return nil
	}
	for _, node := range *listed {
		if _, is := node.Labels[controlPlaneLabel]; is || scope == AllNodes {
			names = append(names, node.Name)
		}
	}
	return names
}

// nodeResults gives the nodes of a check that ran their verdicts, sorted by
// name: those that its error names, and the others when all of them were judged.
// There are none when nothing is known of single nodes.
func (t *Target) nodeResults(scope Scope, outcome Outcome, cause error) []NodeResult {
	if scope == WholeCluster || outcome == Skip {
		return nil
	}
	if outcome == Pass {
		cause = nil // what differs is accepted
	}
	verdicts := map[string]NodeResult{}
	for node, err := range byNode(cause) {
		cause := strings.ReplaceAll("\n"+err.Error(), "\n"+node+": ", "\n")[1:]
		verdicts[node] = NodeResult{node, onOneNode(outcome, err), cause}
	}
	_, unnamed := verdicts[""]
	if _, judged := errors.AsType[judgedError](cause); cause == nil || judged && !unnamed {
		for _, node := range t.inScope(scope) {
			if _, named := verdicts[node]; !named {
				verdicts[node] = NodeResult{Node: node, Outcome: Pass}
			}
		}
	}
	if unnamed && len(verdicts) == 1 {
		return nil
	}
	return slices.SortedFunc(maps.Values(verdicts), func(a, b NodeResult) int { return strings.Compare(a.Node, b.Node) })
}

// onOneNode is the outcome of a check that failed for one of its nodes.
func onOneNode(outcome Outcome, err error) Outcome {
	switch {
	case outcome == Fail && isUnobservable(err):
		return Error
	case outcome == Fail && (isWarning(err) || isDifference(err)):
		return Warn
	}
	return outcome
}

// byNode takes an error apart by the nodes that it names. What names none is
// under "", unless it only tells that the time was over.
func byNode(err error) map[string]error {
	parts := map[string][]error{}
	for _, part := range blames(err) {
		parts[part.node] = append(parts[part.node], part.error)
	}
	if len(parts) > 1 {
		if parts[""] = slices.DeleteFunc(parts[""], onlyEnded); len(parts[""]) == 0 {
			delete(parts, "")
		}
	}
	whole := map[string]error{}
	for node, errs := range parts {
		whole[node] = errors.Join(errs...)
	}
	return whole
}

// blames are the parts of an error, each with the words and the marks of what is
// wrapped around it.
func blames(err error) (parts []nodeError) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil:
		return nil
	case nodeError:
		return []nodeError{e}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			parts = append(parts, blames(inner)...)
		}
	case interface{ Unwrap() error }:
		inner := e.Unwrap()
		for _, part := range blames(inner) {
			parts = append(parts, nodeError{part.node, rewrap(err, inner, part.error)})
		}
	}
	if !slices.ContainsFunc(parts, func(part nodeError) bool { return part.node != "" }) {
		return []nodeError{{"", err}}
	}
	return parts
}

// rewrap puts around a part of an error what is around the whole.
func rewrap(outer, inner, part error) error {
	switch outer := outer.(type) { //nolint:errorlint // only the outermost is meant
	case unobservableError:
		return Unobservable(part)
	case warningError:
		return Warning(part)
	case differsError:
		return differsError{outer.key, outer.undo, outer.prevents, part}
	}
	before, after, _ := strings.Cut(outer.Error(), inner.Error())
	if before+after == "" {
		return part
	}
	return reworded{before + part.Error() + after, part}
}

// reworded is an error in other words.
type reworded struct {
	text string
	error
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }
