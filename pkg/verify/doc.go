// Package verify proves that a cluster works.
//
// A Check is data and one function. Run takes a Target and a list of checks,
// runs those whose needs have passed side by side, tries each one again until
// its deadline, and returns a Report with a verdict on every check. The checks
// know nothing of the engine; all the engine knows of Kubernetes is that a
// request which the API server forbids has shown nothing.
//
// A verdict distinguishes what is wrong (Fail) from what could not be seen
// (Error) and from what depends on something broken (Blocked), so that one
// fault shows as one red check.
//
// A Target is the cluster, what it is expected to be (as recorded when it was
// made, else discovered), and what the checks of a run share.
// Everything goes through the API server: requests, watches, exec, and
// port-forwards, which reach a node's loopback address by way of any pod on the
// node's network. What containerd is configured with cannot be had there: a Target
// whose caller can reach the nodes' containers has a function for that. The caller
// closes the Target, also after an interruption.
//
// Package checks has the checks, and package probe what they make in a cluster.
// Join adds an addon's checks and puts them before those that they are NeededBy,
// Select picks some by ID, group and quickness, and Roles turns the Rights of checks
// into the roles with which a user can run them.
package verify
