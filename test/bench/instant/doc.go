// Package instant measures how long it takes until there is a verified cluster without making
// one: taken from the pool, reset in place, restored from a snapshot, or started again. Beside
// these is what "kindctl up" takes for the same cluster.
//
// A take is measured from the start of the command until it returns. Afterwards every check is
// run on the cluster, which goes then, and the pool is filled again.
package instant
