// Package lab makes the clusters of a benchmark on this machine, judges and
// measures them, and removes them.
//
// Both arms are child processes, so that neither begins with what the other has
// loaded. When an arm's command ends, the judge, who is not the arm, begins: every
// node ready with a lease that has not expired, pod to pod across nodes in all
// pairs, Services by address and by name from a pod on every node. The clock runs
// until the judge has seen all of it. That kindctl has verified its own cluster by
// then saves it nothing: the judge verifies from the start.
package lab
