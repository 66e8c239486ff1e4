// Package pool keeps clusters ready: made and verified, then frozen, until someone takes one.
// What is in the pool stands in the metadata of the containers; a file of the user has what
// the clusters are to be, and how many.
package pool
