// Package timeline records when things happened while a cluster was made: the
// phases of the command, its steps, the checks, and what the nodes and the
// system's pods did meanwhile. It is data and pure functions: events and facts
// go in, spans come out. Phases and everything else may overlap.
package timeline

import (
	"cmp"
	"slices"
	"time"
)

// Timeline is one run of a command that makes a cluster.
type Timeline struct {
	Cluster       string
	CNI           string
	ControlPlanes int
	Workers       int
	// Started is when the command began; spans count from there.
	Started time.Time
	// Duration is how long it took until its end.
	Duration time.Duration
	// Error is what the command failed with, if it did.
	Error string
	Spans []Span
}

// Lane is the kind of thing that a Span describes.
type Lane string

// The lanes.
const (
	Cluster Lane = "cluster" // from the first to the last node, or pod, that got there
	Phase   Lane = "phase"   // a phase of the command
	Step    Lane = "step"    // a step in which nodes are made
	Node    Lane = "node"    // what happens on one node
	Pod     Lane = "pod"     // one pod of kube-system
	Check   Lane = "check"   // one check of the verification
)

// Span is one thing that took time, or happened at one.
type Span struct {
	Lane Lane
	// ID is stable for phases, checks, nodes and the cluster; it is a pod's name.
	ID    string
	Title string
	// Node is where it happened; "" is no single node.
	Node string
	// Stage is the part of a pod's start: scheduled, or started.
	Stage string
	// Start and End count from the start of the command.
	Start time.Duration
	End   time.Duration
	// StartCoarse and EndCoarse say that a time is known to the second only, as
	// Kubernetes writes it: it was up to a second later.
	StartCoarse bool
	EndCoarse   bool
	// Outcome is one of those below or, for a check, its verdict.
	Outcome string
	Message string
}

// The outcomes of all but checks.
const (
	Done       = "done"
	Failed     = "failed"
	Skipped    = "skipped"
	Unfinished = "unfinished" // it had not ended when the command did
)

// Took is how long it took.
func (s Span) Took() time.Duration { return s.End - s.Start }

// Longest returns the n phases that took longest, the longest first. Phases that
// took no time worth telling, less than a tenth of a second, are left out.
func Longest(spans []Span, n int) []Span {
	phases := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool {
		return s.Lane != Phase || s.Took() < 100*time.Millisecond
	})
	slices.SortStableFunc(phases, func(a, b Span) int { return cmp.Compare(b.Took(), a.Took()) })
	return phases[:min(n, len(phases))]
}

// lanes is the order of those that begin at the same time.
var lanes = []Lane{Cluster, Phase, Step, Node, Pod, Check}

// Sort orders spans by their start.
func Sort(spans []Span) {
	slices.SortStableFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(slices.Index(lanes, a.Lane), slices.Index(lanes, b.Lane)),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Node, b.Node), cmp.Compare(a.End, b.End))
	})
}
