package timeline

import "time"

// Moment is when something happened; the zero Moment is not known.
type Moment struct {
	time.Time
	// Coarse says that it was up to a second later.
	Coarse bool
}

// Seen is the moment that Kubernetes gives in whole seconds. If it was seen
// within that second, that is closer; and a clock that is ahead of ours, as in a
// virtual machine, is not believed.
func Seen(stamp, seen time.Time) Moment {
	if seen.Before(stamp.Add(time.Second)) {
		return Moment{Time: seen}
	}
	return Moment{Time: stamp, Coarse: true}
}

// Facts are what a cluster itself shows of how it came up.
type Facts struct {
	// CNI is the name that begins those of the CNI's DaemonSets.
	CNI string
	// Asked is when the cluster was asked last. What was not there by then is
	// unfinished.
	Asked time.Time
	// API is when the API server first worked.
	API   Moment
	Nodes []NodeFacts
	Pods  []PodFacts
}

// NodeFacts are those of one container of the cluster.
type NodeFacts struct {
	Name string
	// Kubernetes distinguishes nodes from the load balancer.
	Kubernetes bool
	// Container is when Docker started it, Systemd when systemd began in it, and
	// Booted when that was through.
	Container, Systemd, Booted Moment
	// Containerd is when its unit began to start, and Runtime when it was ready.
	Containerd, Runtime Moment
	// Kubelet is its first start.
	Kubelet Moment
	// Registered and Ready are the API's view of the node.
	Registered, Ready Moment
}

// PodFacts are those of one pod of kube-system.
type PodFacts struct {
	Name, Node string
	// Workload is the name of what it belongs to, and Agent says that this is a
	// DaemonSet.
	Workload string
	Agent    bool
	// Scheduled, Started (all its containers) and Ready came first then.
	Scheduled, Started, Ready Moment
}
