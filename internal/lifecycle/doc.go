// Package lifecycle stops clusters and starts them again, and recognizes those that have
// to be started: with nodes that are stopped, certificates that have expired, or an etcd
// without a quorum.
package lifecycle
