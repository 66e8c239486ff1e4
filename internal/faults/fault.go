package faults

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

// Fault breaks one thing in a cluster.
type Fault struct {
	// ID names the fault, and never changes: "scheduler-gone".
	ID string
	// Check is the ID of the check that finds it, alone; those that need it are blocked.
	Check string
	// Warns says that the check warns and does not fail.
	Warns bool
	// What is the fault in words.
	What string
	// Needs says which clusters it fits.
	Needs Needs
	// Stages are the clusters of the suite test/faults that show it.
	Stages []string
	// Story is for people who look for the fault; nil when it breaks what a verification
	// makes for itself, so that there is nothing to look for.
	Story *Story

	action
}

// Outcome is the one that the check has while the fault lasts.
func (f Fault) Outcome() verify.Outcome {
	if f.Warns {
		return verify.Warn
	}
	return verify.Fail
}

// Level is how much someone has to know to find an incident.
type Level string

// The levels.
const (
	Easy   Level = "easy"   // kubectl get and kubectl describe show the cause
	Medium Level = "medium" // logs, configurations or two nodes have to be compared
	Hard   Level = "hard"   // it takes a look into a node, or at packets
)

// Levels are all of them, the easiest first.
var Levels = []Level{Easy, Medium, Hard}

// Story describes an incident to a person. All texts but the first are Markdown of one
// paragraph.
type Story struct {
	Level Level
	// Symptom is what is seen, with kubectl where that shows anything.
	Symptom string
	// Look is where to look, without the cause.
	Look string
	// Lesson is what the incident teaches.
	Lesson string
	// Repair is what heals it by hand.
	Repair string
	// Shop says that it breaks the shop, which has to be deployed first.
	Shop bool
	// Part is what no two incidents of one break may share; "" is the first part of the
	// check's ID.
	Part string
}

// Incident reports whether people can look for the fault.
func (f Fault) Incident() bool { return f.Story != nil }

// Part is what no other incident may break at the same time.
func (f Fault) Part() string {
	group, _, _ := strings.Cut(f.Check, ".")
	return cmp.Or(f.Story.Part, group)
}

// Needs say which clusters a fault fits. The zero value is every one.
type Needs struct {
	// CNI is the one that the cluster must have.
	CNI string
	// ProxyModes are the modes of kube-proxy that the incident works with; none means any.
	ProxyModes []string
	// Workers is the least number of them.
	Workers int
	// OneControlPlane excludes clusters in which another one takes over.
	OneControlPlane bool
	// LocalEtcd excludes clusters whose etcd has nodes of its own.
	LocalEtcd bool
	// SchedulerVerbosity excludes clusters whose configuration does not ask the scheduler
	// for --v=1.
	SchedulerVerbosity bool
	// Policies excludes clusters whose NetworkPolicies no one enforces.
	Policies bool
	// IPv4 excludes clusters without addresses of that family.
	IPv4 bool
}

// need is one thing that a fault takes, and whether a cluster has it.
type need struct {
	what string
	met  func(verify.Expectation) bool
}

func (n Needs) list() (needs []need) {
	add := func(wanted bool, what string, met func(verify.Expectation) bool) {
		if wanted {
			needs = append(needs, need{what, met})
		}
	}
	add(n.CNI != "", "the CNI "+n.CNI, func(e verify.Expectation) bool { return e.CNI == n.CNI })
	add(len(n.ProxyModes) > 0, "proxy mode "+strings.Join(n.ProxyModes, " or "), func(e verify.Expectation) bool { return slices.Contains(n.ProxyModes, e.ProxyMode) })
	add(n.Workers == 1, "a worker", func(e verify.Expectation) bool { return e.Workers >= 1 })
	add(n.Workers > 1, fmt.Sprintf("%d workers", n.Workers), func(e verify.Expectation) bool { return e.Workers >= n.Workers })
	add(n.OneControlPlane, "a single control plane", func(e verify.Expectation) bool { return e.ControlPlanes == 1 })
	add(n.LocalEtcd, "etcd on the control plane", func(e verify.Expectation) bool { return !e.ExternalEtcd })
	add(n.SchedulerVerbosity, "a configuration that sets --v=1 of the scheduler", asksForVerbosity)
	add(n.Policies, "a CNI that enforces NetworkPolicies", func(e verify.Expectation) bool { return e.CNI != verify.NoCNI })
	add(n.IPv4, "IPv4", func(e verify.Expectation) bool { return e.IPFamily != "ipv6" })
	return needs
}

// String lists what a cluster has to have, or is "".
func (n Needs) String() string {
	var all []string
	for _, need := range n.list() {
		all = append(all, need.what)
	}
	return strings.Join(all, ", ")
}

// Unmet is what a cluster lacks, or "".
func (n Needs) Unmet(expect verify.Expectation) string {
	var lacking []string
	for _, need := range n.list() {
		if !need.met(expect) {
			lacking = append(lacking, need.what)
		}
	}
	return strings.Join(lacking, ", ")
}

func asksForVerbosity(expect verify.Expectation) bool {
	request, asked := expect.RequestedSetting("kube-scheduler", "", "--v")
	return asked && request.Value == "1"
}

// Undo is what heals a fault, by name.
type Undo map[string]string

// action is how a fault comes and goes. Each step may be repeated, and heal may follow an
// injection that never began.
type action struct {
	// look notes what heal needs, and changes nothing; nil when there is nothing to note.
	look func(context.Context, *Cluster, Undo) error
	// inject returns once the fault has its effect.
	inject func(context.Context, *Cluster, Undo) error
	// heal returns once the fault has none any more; nil when it goes with the shop.
	heal func(context.Context, *Cluster, Undo) error
}

// Look reads what Heal will need. It changes nothing.
func (f Fault) Look(ctx context.Context, c *Cluster) (Undo, error) {
	undo := Undo{}
	if f.look == nil {
		return undo, nil
	}
	return undo, f.around("look", f.look(ctx, c, undo))
}

// Inject breaks a cluster, with what Look has read.
func (f Fault) Inject(ctx context.Context, c *Cluster, undo Undo) error {
	return f.around("inject", f.inject(ctx, c, undo))
}

// Heal undoes what Inject did, or began to do. Some faults of the shop go with the shop alone.
func (f Fault) Heal(ctx context.Context, c *Cluster, undo Undo) error {
	if f.heal == nil {
		return nil
	}
	return f.around("heal", f.heal(ctx, c, undo))
}

func (f Fault) around(step string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", step, f.ID, err)
}
