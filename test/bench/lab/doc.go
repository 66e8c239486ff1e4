// Package lab makes the clusters of a benchmark on this machine, tests and
// measures them, and removes them.
//
// Both arms are child processes, so that neither begins with what the other has
// loaded. When an arm's command ends, a test begins that is the same for all arms: every
// node ready with a lease that has not expired, pod to pod across nodes in all
// pairs, Services by address and by name from a pod on every node. The clock runs
// until it has seen all of that. That kindctl has verified its own cluster by
// then saves it nothing: the test starts from the beginning.
package lab
