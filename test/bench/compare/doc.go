// Package compare compares ways to make a cluster.
//
// An arm is a way: a command that makes a cluster and ends when it thinks that
// it is done. For every case, a CNI and a number of nodes, the arms run in
// rounds, each arm once in every round and in another order than in the round
// before, so that whatever changes with time on a machine meets all of them.
// Nothing but the comparison within one round counts: Ratio is the median of the
// rounds' ratios. The first round warms the machine up and does not count.
//
// The same test says of every arm when its cluster works: see package lab, which makes,
// tests, measures and removes the clusters. This package plans the runs, keeps all of
// them, and does the arithmetic.
package compare
