// Package nodes adds nodes to a cluster that runs, and removes them.
package nodes
