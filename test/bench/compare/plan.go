package compare

import (
	"context"
	"time"
)

// Arm is a way to make a cluster.
type Arm struct {
	// Name is "stock", "kindctl" and the like.
	Name string
	// Settings say, a line each, what the arm is told and what it does by default.
	Settings func(cni string) []string
	// Program makes a cluster and ends when it thinks that it is done; "" is this one.
	Program string
	// Words are its arguments.
	Words func(Order) []string
}

// Order is one cluster that has to be made.
type Order struct {
	CNI   string
	Nodes int
	// Image is the node image.
	Image string
	// Cluster is the name, and Kubeconfig the file that gets the context.
	Cluster, Kubeconfig string
}

// Runner makes the clusters.
type Runner interface {
	// Run has an arm make a cluster, tests and measures it, and removes it, even
	// when it fails or ctx ends. It says what is under way. The order has neither
	// Cluster nor Kubeconfig yet: those are the runner's.
	Run(ctx context.Context, arm Arm, order Order, say func(string)) (Measures, error)
}

// turn returns the arms in the order of a round: each comes first in its turn.
func turn(arms []Arm, round int) []Arm {
	at := round % len(arms)
	return append(append([]Arm(nil), arms[at:]...), arms[:at]...)
}

// guess is how long a run may take with its removal, before there was one like
// it: measured with two processors, with room to spare.
func guess(nodes int) time.Duration {
	return 45*time.Second + time.Duration(nodes)*10*time.Second
}
