package verify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
)

// Scope says which nodes a check evaluates one by one.
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

// Finding is what is wrong on one node, or, where Node is empty, on none in
// particular. Err can be marked, as Unobservable or as a Warning for example.
type Finding struct {
	Node string
	Err  error
}

// findings is an error that knows what is wrong on each node.
type findings struct {
	error     // what is wrong as a whole
	nodes     []Finding
	evaluated bool // nodes without a finding have passed
}

func (f *findings) Unwrap() error { return f.error }

// OnNode says what is wrong on a node. The cause of the check names the node
// first, the cause of the node does not. A nil error stays nil.
func OnNode(node string, err error) error {
	if err == nil || node == "" {
		return err
	}
	return &findings{error: fmt.Errorf("%s: %w", node, err), nodes: []Finding{{node, err}}}
}

// AboutNode is OnNode for an error that names the node itself, or need not: its text
// stays as it is. What it already says about single nodes is kept when it is all
// about this one.
func AboutNode(node string, err error) error {
	known := Findings(err)
	if err == nil || node == "" || !slices.ContainsFunc(known, func(f Finding) bool { return f.Node != node }) {
		return err
	}
	return &findings{error: err, nodes: []Finding{{node, err}}}
}

// Around puts words around an error, and around what it says of each node.
func Around(err error, words func(error) error) error {
	nodes := Findings(err)
	if !anyNamed(nodes) {
		return words(err)
	}
	for i := range nodes {
		nodes[i].Err = words(nodes[i].Err)
	}
	return &findings{words(err), nodes, isEvaluated(err)}
}

// Evaluated says that a check has evaluated all of its nodes: those without a finding
// have passed. Without it nothing is known of them once the check fails.
func Evaluated(evidence Evidence, err error) (Evidence, error) {
	if nodes := Findings(err); anyNamed(nodes) {
		err = &findings{err, nodes, true}
	}
	return evidence, err
}

func isEvaluated(err error) bool {
	f, is := errors.AsType[*findings](err)
	return is && f.evaluated
}

// Findings returns what an error says of single nodes, and, with no node, what else
// is joined with that.
func Findings(err error) (found []Finding) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil:
		return nil
	case *findings:
		return slices.Clone(e.nodes)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			found = append(found, Findings(inner)...)
		}
	case interface{ Unwrap() error }:
		found = Findings(e.Unwrap())
	}
	if !anyNamed(found) {
		return []Finding{{Err: err}}
	}
	return found
}

// anyNamed reports whether a finding is about a node.
func anyNamed(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Node != "" })
}

// parallelLooks bounds the looks of one check that are under way.
const parallelLooks = 16

// Each looks at all items side by side. Evidence keeps their order, and the error
// holds every item's, about the node that on returns for it; a nil on is for items
// that are on no node.
func Each[T any](items []T, on func(T) string, look func(T) (string, error)) (Evidence, error) {
	seen, problems := make(Evidence, len(items)), make([]error, len(items))
	var group errgroup.Group
	group.SetLimit(parallelLooks)
	for i, item := range items {
		group.Go(func() error {
			seen[i], problems[i] = look(item)
			if on != nil {
				problems[i] = AboutNode(on(item), problems[i])
			}
			return nil
		})
	}
	_ = group.Wait() // the problems are told below
	evidence := Evidence{}
	for _, line := range seen {
		if line != "" {
			evidence = append(evidence, line)
		}
	}
	return evidence, errors.Join(problems...)
}

// NodeName is the name of a node, for Each.
func NodeName(node corev1.Node) string { return node.Name }

// PodNode is the name of the node that a pod is on, for Each.
func PodNode(pod corev1.Pod) string { return pod.Spec.NodeName }

// inScope names the nodes that the cluster had when they were listed last.
func (t *Target) inScope(scope Scope) (names []string) {
	listed := t.listed.Load()
	if scope == WholeCluster || listed == nil {
		return nil
	}
	for _, node := range *listed {
		if _, is := node.Labels[ControlPlaneLabel]; is || scope == AllNodes {
			names = append(names, node.Name)
		}
	}
	return names
}

// nodeResults gives the nodes of a check that ran their verdicts, sorted by
// name: those of which its error has findings, and the others when all of them were
// evaluated. There are none when nothing is known of single nodes.
func (t *Target) nodeResults(scope Scope, outcome Outcome, cause error) []NodeResult {
	if scope == WholeCluster || outcome == Skip {
		return nil
	}
	if outcome == Pass {
		cause = nil // what differs is accepted
	}
	verdicts := map[string]NodeResult{}
	for node, err := range byNode(cause) {
		verdicts[node] = NodeResult{node, onOneNode(outcome, err), err.Error()}
	}
	_, unnamed := verdicts[""]
	if cause == nil || isEvaluated(cause) && !unnamed {
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
	case outcome == Fail && IsUnobservable(err):
		return Error
	case outcome == Fail && (IsWarning(err) || IsDifference(err)):
		return Warn
	}
	return outcome
}

// byNode joins the findings about each node. What is about none is under "", unless
// it only says that the time was over.
func byNode(err error) map[string]error {
	parts := map[string][]error{}
	for _, finding := range Findings(err) {
		parts[finding.Node] = append(parts[finding.Node], finding.Err)
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

// FirstCause is the first of errors that are joined.
func FirstCause(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}

// JoinSorted joins errors in the order of their texts, or returns nil.
func JoinSorted(problems []error) error {
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}
