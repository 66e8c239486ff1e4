// Package faults has what can be broken in a cluster: for each fault how it is injected
// and healed, the one check that finds it, and the clusters that it fits. The suite
// test/faults tries each on real clusters; those that stand by themselves have a story
// and are the incidents of "kindctl break".
//
// A fault leaves nothing on the nodes that says what it was: what heals it is read
// before anything is changed, as Undo, and kept by the caller, so that another process can
// heal what this one has injected, or was about to.
package faults
