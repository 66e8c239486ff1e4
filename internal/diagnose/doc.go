// Package diagnose writes down what a cluster says of itself, for people who
// look at it when it is gone: its nodes, its pods, its events and the logs of
// its containers, and what its nodes have written. It reads no Secret, and takes
// what looks like a credential out of what it writes.
package diagnose
