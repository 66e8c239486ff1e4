// Package verify proves that a cluster works.
//
// A Check is data and one function. Run takes a Target and a list of checks,
// runs those whose needs have passed side by side, tries each one again until
// its deadline, and returns a Report with a verdict on every check. The engine
// knows nothing of Kubernetes; the checks know nothing of the engine.
//
// A verdict distinguishes what is wrong (Fail) from what could not be seen
// (Error) and from what depends on something broken (Blocked), so that one
// fault shows as one red check.
package verify
