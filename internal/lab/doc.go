// Package lab runs labs in Killercoda's format on a cluster: a Session begins their steps one
// after the other, checks them, gives hints, and goes back to the beginning of a step.
//
// Each page begins with its background script, which goes on, and its foreground script, which is
// waited for. Before that the cluster is saved, so that Reset can come back and begin the page
// again. A step has passed when its verify script ends with 0.
//
// A Session is handed a cluster that runs. Who makes and removes it is the client's business
// (pkg/kindctl). Trial tries a lab for its author.
package lab
