package timeline

import (
	"strings"
	"time"
)

// Spans makes spans of the facts: those of nodes and pods, and for the cluster
// when the first and the last of them got so far. What happened before the
// command started, in a cluster that was there already, is left out.
func (f Facts) Spans(started time.Time) []Span {
	m := maker{started: started, ended: f.Asked}
	for _, node := range f.Nodes {
		m.node(node)
	}
	for _, pod := range f.Pods {
		m.pod(pod)
	}
	m.cluster(f)
	Sort(m.spans)
	return m.spans
}

// maker makes spans of moments.
type maker struct {
	started, ended time.Time
	spans          []Span
}

// add adds a span between two moments. Without an end, one that is open lasts
// until the cluster was asked, and any other is as short as its beginning.
func (m *maker) add(span Span, from, to Moment, open bool) {
	if from.IsZero() || from.Before(m.started) {
		return
	}
	span.Outcome = Done
	if to.IsZero() {
		to = from
		if open {
			to, span.Outcome = Moment{Time: m.ended}, Unfinished
		}
	}
	span.Start, span.End = from.Sub(m.started), max(to.Sub(m.started), from.Sub(m.started))
	span.StartCoarse, span.EndCoarse = from.Coarse, to.Coarse
	m.spans = append(m.spans, span)
}

func (m *maker) node(n NodeFacts) {
	stage := func(id, title string, from, to Moment, open bool) {
		m.add(Span{Lane: Node, ID: id, Title: title, Node: n.Name}, from, to, open)
	}
	stage("container", "container, until systemd begins", n.Container, n.Systemd, false)
	stage("systemd", "systemd boots", n.Systemd, n.Booted, false)
	stage("containerd", "containerd starts", n.Containerd, n.Runtime, true)
	stage("kubelet", "kubelet, until the node is registered", n.Kubelet, n.Registered, true)
	stage("ready", "registered, until Ready", n.Registered, n.Ready, true)
}

func (m *maker) pod(p PodFacts) {
	span := Span{Lane: Pod, ID: p.Name, Title: p.Workload, Node: p.Node}
	span.Stage = "scheduled"
	if p.Started.IsZero() || !p.Started.Before(p.Scheduled.Time) { // a static pod runs before the API server has it
		m.add(span, p.Scheduled, p.Started, true)
	}
	span.Stage = "started"
	m.add(span, p.Started, p.Ready, true)
}

// cluster adds when the first and the last got there.
func (m *maker) cluster(f Facts) {
	nodes := only(f.Nodes, func(n NodeFacts) bool { return n.Kubernetes })
	etcd := only(f.Pods, func(p PodFacts) bool { return p.Workload == "etcd" })
	agents := only(f.Pods, func(p PodFacts) bool { return p.Agent && f.CNI != "" && strings.HasPrefix(p.Workload, f.CNI) })
	dns := only(f.Pods, func(p PodFacts) bool { return p.Workload == "coredns" })
	reach(m, "containers", "containers started", f.Nodes, func(n NodeFacts) Moment { return n.Container })
	reach(m, "systemd", "systemd booted", nodes, func(n NodeFacts) Moment { return n.Booted })
	reach(m, "kubelets", "kubelets started", nodes, func(n NodeFacts) Moment { return n.Kubelet })
	reach(m, "etcd", "etcd started", etcd, func(p PodFacts) Moment { return p.Started })
	reach(m, "api", "API live", []Moment{f.API}, func(at Moment) Moment { return at })
	reach(m, "registered", "nodes registered", nodes, func(n NodeFacts) Moment { return n.Registered })
	reach(m, "cni-started", "CNI's pods started", agents, func(p PodFacts) Moment { return p.Started })
	reach(m, "cni-ready", "CNI's pods ready", agents, func(p PodFacts) Moment { return p.Ready })
	reach(m, "ready", "nodes Ready", nodes, func(n NodeFacts) Moment { return n.Ready })
	reach(m, "coredns", "CoreDNS ready", dns, func(p PodFacts) Moment { return p.Ready })
}

// reach adds a span from the first to the last that got to a moment. It is
// unfinished when one did not.
func reach[T any](m *maker, id, title string, things []T, moment func(T) Moment) {
	var first, last Moment
	missing := false
	for _, thing := range things {
		at := moment(thing)
		if at.IsZero() {
			missing = true
			continue
		}
		if first.IsZero() || at.Before(first.Time) {
			first = at
		}
		if last.IsZero() || at.After(last.Time) {
			last = at
		}
	}
	if missing {
		last = Moment{}
	}
	m.add(Span{Lane: Cluster, ID: id, Title: title}, first, last, missing)
}

func only[T any](things []T, wanted func(T) bool) (chosen []T) {
	for _, thing := range things {
		if wanted(thing) {
			chosen = append(chosen, thing)
		}
	}
	return chosen
}
